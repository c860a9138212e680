import type { Launch } from '../contract/peer.ts';
import type { Usage } from '../runner/proc.ts';

/** What a listener of one round is to do: accept HL7 v2 on `port`, acknowledge what is in Kafka with acks=all. */
export interface ListenerTask {
  /** Also the client id. */
  readonly name: string;
  readonly brokers: readonly string[];
  /** Topic of the accepted messages. */
  readonly output: string;
  readonly port: number;
}

/** A listener that takes messages. */
export interface RunningListener {
  readonly port: number;
  /** Where its messages are; for reading them back. */
  readonly topic: string;
  /** The message as it was sent, from a record's value. */
  readonly content: (value: Buffer) => Buffer;
  usage(): Usage;
  /** What it says of itself at the end of the time that counts, and after it; in messages per second. */
  readonly figures?: (begun: Readonly<Record<string, number>>, seconds: number) => Promise<Readonly<Record<string, number>>>;
  readonly counters?: () => Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

export interface Accepting {
  close(): Promise<void>;
}

/** What `peers/mllp/<name>.ts` exports as `listener`. */
export interface Listener {
  readonly name: string;
  readonly what: string;
  /** A connection carries one message only: the sender makes a new one for each. */
  readonly oneMessage?: boolean;
  versions(): Readonly<Record<string, string>>;
  /** Why it cannot run on this machine. */
  available?(): Promise<string | undefined>;
  /** In TypeScript: runs in child.ts. */
  start?(task: ListenerTask): Promise<Accepting>;
  /** A foreign process that keeps to the protocol of peers/README.md; its port is `BENCH_PORT`. */
  launch?(): Promise<Launch>;
}
