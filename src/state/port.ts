import type { Headers } from '../log/port.ts';
import type { Operations } from './operations.ts';
import type { ProcessedId } from './processed.ts';
import type { Effect, Source, Table } from './table.ts';

/**
 * Port **State**: everything that a group of turns changes, in one transaction. Adapters: postgres/, sqlite/.
 * `test/state/conformance.ts` is the one suite that both pass.
 *
 * A **lane** is one (flow, lane name, source topic, source partition): it has one owner, an epoch (rises with every
 * claim, from the database), a group number (rises by one with every committed group) and an applied set.
 *
 * Invariants an adapter keeps:
 * - `transact` is atomic over all groups that it reports as `applied`.
 * - A group whose epoch, or one of its `fence`, is not the lane's current one is `fenced`: nothing of it is written,
 *   others go on. A claim waits for a running transaction that names its lane in a `fence`.
 * - Idempotent by (epoch, group): a group that already committed (its reply was lost) is `applied` again without effect.
 * - Never hangs: statement and idle-in-transaction time-outs of at most 5 s; an unreachable store rejects `Transient`, one that is asked
 *   too much `Overload`. Neither tells whether an earlier try was applied: the same groups are sent again, with the same numbers.
 */
export interface LaneRef {
  readonly flow: string;
  readonly lane: string;
  readonly topic: string;
  readonly partition: number;
}

/** Offsets whose effects are durable: all below `watermark`, and the runs `[first, last]` (inclusive) above it. */
export interface AppliedSet {
  readonly watermark: number;
  readonly runs: readonly (readonly [number, number])[];
  /** Highest `aorta-seq` per `flow/sourcePartition` among the records below `watermark`. */
  readonly hops: Readonly<Record<string, number>>;
}

export interface StateWrite {
  /** Name of the `process` node's store. */
  readonly store: string;
  readonly key: string;
  /** `null` removes the row. */
  readonly value: Buffer | null;
  readonly version: number;
  readonly source: Source;
}

export interface EffectWrite {
  readonly effect: Effect;
  readonly source: Source;
}

export interface TimerWrite {
  readonly node: string;
  readonly key: string;
  readonly name: string;
  /** Milliseconds since 1970; `null` removes the timer. One timer per (node, key, name). */
  readonly due: number | null;
  readonly payload: Buffer | null;
  readonly eventId: string;
}

export interface TimerRow {
  readonly node: string;
  readonly key: string;
  readonly name: string;
  readonly due: number;
  readonly payload: Buffer | null;
  readonly eventId: string;
}

/** One emission of a turn, produced after the commit. */
export interface OutboxRecord {
  readonly topic: string;
  /** Chosen by the engine (murmur2 of the key) so that `aorta-seq` rises per target partition. */
  readonly partition: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: number;
}

/** `merge`: keeps the place of a patient who is being merged in. `lane`: an input of an independent lane that waits for its turn. */
export type HeldReason = 'merge' | 'lane' | 'retry' | 'park' | 'breaker' | 'limiter' | 'claim' | 'credits' | 'behind' | 'poison';

/** One envelope on the held list. `seq` orders a patient's rows; it rises per lane. */
export interface HeldRow {
  readonly key: string;
  readonly seq: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly eventId: string;
  readonly recordKey: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
  /** Node at which the turn resumes; the source's name reruns it whole. */
  readonly resume: string;
  readonly attempt: number;
  /** Milliseconds since 1970 of the next try; `null`: parked until an operator redrives it. */
  readonly due: number | null;
  readonly reason: HeldReason;
  /** Error class and code, and the operator's name; no PHI. */
  readonly errorClass: string | null;
  readonly errorCode: string | null;
  readonly operator: string | null;
  readonly redrives: number;
}

export type HeldWrite =
  | { readonly op: 'add'; readonly row: HeldRow }
  | { readonly op: 'remove'; readonly key: string; readonly seq: number }
  | { readonly op: 'update'; readonly row: HeldRow };

/** A patient with rows on the held list. */
export interface HeldKey {
  readonly key: string;
  readonly count: number;
  readonly head: HeldRow;
}

/** A place at which a patient is held, without the bytes of its head. */
export interface HeldPlace extends Pick<HeldRow, 'key' | 'seq' | 'due' | 'reason' | 'errorClass'> {
  readonly lane: LaneRef;
}

/**
 * The note of one try of a suspect (a record uncommitted at an unclean end), which is the lane's epoch and the record: an
 * owner tries a record once at a time. `begun` is stored before the try runs, `over` takes it back, `settled` removes the
 * record's notes of all epochs. What no owner took back was a try that ended the process, or one whose owner has not said
 * yet that it lives (`outlived`).
 */
export interface SuspectWrite {
  readonly offset: number;
  readonly note: 'begun' | 'over' | 'settled';
}

/** A note that stands. */
export interface SuspectNote {
  readonly offset: number;
  /** Of the owner that wrote it. At or below 0: by a version that kept a number only. */
  readonly epoch: number;
}

/** A lane and the epoch that it must still have. */
export interface LaneFence {
  readonly lane: LaneRef;
  readonly epoch: number;
}

export interface LaneGroup {
  readonly lane: LaneRef;
  readonly epoch: number;
  /** Further lanes with the same owner: a stale epoch of one of them makes the group `fenced`. */
  readonly fence?: readonly LaneFence[];
  /** The previous group's number plus one. */
  readonly group: number;
  readonly applied: AppliedSet;
  /** Every outbox row of a group at or below this number has been produced; adapters delete them. */
  readonly sentThrough: number;
  readonly states: readonly StateWrite[];
  readonly effects: readonly EffectWrite[];
  readonly timers: readonly TimerWrite[];
  readonly outbox: readonly OutboxRecord[];
  readonly held: readonly HeldWrite[];
  /** In their order. */
  readonly suspects: readonly SuspectWrite[];
  /** Redrive requests taken in this group. */
  readonly redrivesDone: readonly string[];
}

export type GroupOutcome = 'applied' | 'fenced';

export interface ClaimedLane {
  readonly epoch: number;
  readonly group: number;
  readonly sentThrough: number;
  readonly applied: AppliedSet;
  /** The last owner released it in order. */
  readonly clean: boolean;
  /** Partition count of the source topic when the lane was first claimed. */
  readonly partitions: number;
  /** Groups above `sentThrough`, in order. */
  readonly outbox: readonly { readonly group: number; readonly records: readonly OutboxRecord[] }[];
  readonly held: readonly HeldKey[];
  /** By offset and epoch. */
  readonly suspects: readonly SuspectNote[];
}

/** A request to try a parked patient's head again (or to discard it), executed by the partition's owner. */
export interface RedriveRequest {
  /** Rises with time; may name the head that it is about (redrive-head.ts). */
  readonly id: string;
  readonly flow: string;
  /** Patient keys; `null`: all that match the filter. */
  readonly key: string | null;
  readonly errorClass: string | null;
  /** `single`: the head runs, and what is behind it stays parked. */
  readonly action: 'redrive' | 'single' | 'discard';
  readonly actor: string;
  readonly at: number;
}

export interface State {
  readonly kind: 'postgres' | 'sqlite';
  readonly operations: Operations;
  /** Brings the core tables to the newest numbered migration. Safe to run at once from many workers. */
  migrate(): Promise<void>;
  /** Creates declared tables, adds new nullable columns; any other change is refused (AORTA_STATE_*). */
  ensureTables(tables: readonly Table<never>[]): Promise<void>;
  /** Takes the lane over: a new epoch, marks it unclean, reads everything needed to go on. */
  claim(lane: LaneRef, partitions: number): Promise<ClaimedLane>;
  transact(groups: readonly LaneGroup[]): Promise<readonly GroupOutcome[]>;
  /** Marks the lane clean if the epoch is still current. */
  release(lane: LaneRef, epoch: number): Promise<void>;
  /**
   * Takes back the notes of tries of an owner that lost the lane and lives. Without a fence, at any time and again: only
   * that owner writes notes of its epoch, so nothing of another one's is touched. The lane may have a newer owner.
   */
  outlived(lane: LaneRef, epoch: number, offsets: readonly number[]): Promise<void>;
  /** The notes that stand now, by offset and epoch. */
  suspects(lane: LaneRef): Promise<readonly SuspectNote[]>;
  /** Values in the order of `keys`. */
  states(flow: string, store: string, keys: readonly string[]): Promise<readonly ({ value: Buffer; version: number } | null)[]>;
  /** Timers of a lane due at or before `until`, earliest first. */
  timers(lane: LaneRef, until: number, limit: number): Promise<readonly TimerRow[]>;
  /** The held rows of one patient in order, from `seq` on. */
  held(lane: LaneRef, key: string, fromSeq: number, limit: number): Promise<readonly HeldRow[]>;
  /** Patients with held rows over all lanes of a flow (operator views). */
  heldKeys(flow: string, limit: number): Promise<readonly (HeldKey & { readonly lane: LaneRef })[]>;
  /** Where these patients are held, over all lanes of a flow: the head of each place, by lane, topic and partition. */
  heldAt(flow: string, keys: readonly string[]): Promise<readonly HeldPlace[]>;
  /** For each id the coordinate under which a `dedupe` node let it pass (processed.ts), in the order asked; null: never. */
  processed(flow: string, ids: readonly ProcessedId[]): Promise<readonly (string | null)[]>;
  /** Removes up to `limit` ids of a node that passed before `before`; gives their number. */
  forgetProcessed(flow: string, node: string, before: number, limit: number): Promise<number>;
  requestRedrive(request: RedriveRequest): Promise<void>;
  redriveRequests(flow: string): Promise<readonly RedriveRequest[]>;
  /** Reads for the edge: portable SQL with `?` places. Columns as declared; `json` columns come back as text. */
  query<T extends object>(sql: string, params: readonly (string | number | null)[]): Promise<readonly T[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
