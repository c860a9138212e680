import type { Task, Work } from './task.ts';

export interface RunningPeer {
  /** Finishes what is under way and lets go. */
  stop(): Promise<void>;
}

/** A process of another language: its program, arguments, and variables beside those of the task. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * How the runner sees how far a peer is: by the end offsets of its output, or by its group's committed offsets. The latter
 * is for peers that write in Kafka transactions: their markers take offsets too.
 */
export type Progress = 'output' | 'commits';

interface PeerFacts {
  readonly name: string;
  /** One line for the report. */
  readonly what: string;
  /** What it can do; a workload offers itself to every peer that can do its work. */
  readonly work: readonly Work[];
  /** What it promises, beside the order of a patient and acks=all: for the report. */
  readonly guarantee: string;
  /** What several of its processes in one group cannot share (`--workers`). */
  readonly alone?: readonly Work[];
  /** Names and versions of the parts that it is made of. */
  versions(): Readonly<Record<string, string>>;
  /** @default 'output' */
  readonly progress?: Progress;
  /** What Node is started with where its users start it so. */
  readonly node?: { readonly flags: readonly string[]; readonly env: Readonly<Record<string, string>> };
  /** Why it cannot run on this machine. May build what it needs, once. */
  available?(): string | undefined | Promise<string | undefined>;
}

/** What `peers/<name>.ts` or `peers/<name>/peer.ts` exports as `peer`. */
export type Peer = PeerFacts &
  (
    | { /** Runs in a process of its own, which loads this module and nothing of other peers. */ start(task: Task): Promise<RunningPeer> }
    | { /** A foreign process that keeps to the protocol of peers/README.md. */ launch(task: Task): Launch | Promise<Launch> }
  );
