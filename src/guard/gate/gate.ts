/** A bounded queue before a bounded number of slots. */
export interface Gate {
  /** Runs the work when a slot is free, in the order of asking; rejects with `GateFull` if too many wait already. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Changes the number of slots; what runs goes on. */
  resize(slots: number): void;
  /** A call now would start at once, in the same turn. */
  readonly free: boolean;
  readonly queued: number;
  readonly running: number;
}

export class GateFull extends Error {}

export type MakeGate = (slots: number, queue: number) => Gate;
