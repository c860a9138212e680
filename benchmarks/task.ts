/** What one peer is to do: read `input` in a consumer group of its own, work, write `output`. */
export interface Task {
  readonly workload: 'passthrough' | 'calls';
  readonly peer: string;
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  /** An empty database of this run, for peers that keep state. */
  readonly databaseUrl: string;
  /** Also the name of Aorta's flow: lower-case letters, digits, dashes. */
  readonly name: string;
  readonly input: string;
  readonly output: string;
  readonly partitions: number;
  /** Patients in the input. */
  readonly patients: number;
  /** Milliseconds of the asynchronous call; 0 for none. */
  readonly callMs: number;
}

export interface RunningPeer {
  /** Finishes what is under way and lets go. */
  stop(): Promise<void>;
}

/** What `peers/<name>.ts` exports as `peer`. */
export interface Peer {
  readonly name: string;
  /** One line for the report. */
  readonly what: string;
  /** Workloads that it can do. */
  readonly workloads: readonly Task['workload'][];
  start(task: Task): Promise<RunningPeer>;
}

/** From the child to the runner. */
export type FromChild =
  | { readonly kind: 'started' }
  | { readonly kind: 'usage'; readonly cpuSeconds: number; readonly peakRssMb: number }
  | { readonly kind: 'failed'; readonly problem: string };

/** From the runner to the child. */
export type ToChild = { readonly kind: 'usage' } | { readonly kind: 'stop' };
