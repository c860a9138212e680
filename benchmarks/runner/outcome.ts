import type { Peer } from '../contract/peer.ts';
import type { Workload } from '../contract/workload.ts';
import type { Findings } from '../load/order-check.ts';
import type { BacklogResult } from './backlog-round.ts';
import type { RateResult } from './rate-round.ts';

/** What is measured of a workload: its own figures, or those of the command line. */
export interface Settings {
  readonly messages: number;
  readonly patients: number;
  readonly partitions: number;
  /** Processes of each peer that has one thread. */
  readonly workers: number;
  /** Seconds of a backlog round at most. */
  readonly duration: number;
  readonly rateSeconds: number;
  readonly rounds: number;
  /** Events per second of the latency rounds; 0: none, or `loads`. */
  readonly rate: number;
  readonly loads: readonly number[];
  readonly maxLatenessMs: number;
  /** Also rounds with this many times the backlog; 0: none. */
  readonly margin: number;
  /** Seconds after which no further round begins, once each peer had one; 0: no bound. */
  readonly budgetSeconds: number;
}

export interface PeerOutcome {
  readonly peer: Peer;
  readonly backlog: BacklogResult[];
  /** With several times the backlog. */
  readonly larger: BacklogResult[];
  readonly rate: RateResult[];
  readonly findings: Findings[];
  /** Why it was measured no further. */
  failed?: string;
}

export interface Outcome {
  readonly workload: Workload;
  readonly settings: Settings;
  readonly peers: ReadonlyMap<string, PeerOutcome>;
  /** Peers that could not run, with the reason. */
  readonly missing: Readonly<Record<string, string>>;
  /** Why there is no latency, where one was asked for. */
  readonly notes: string[];
}
