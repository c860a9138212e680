import type { Headers, HeaderValue } from '../log/port.ts';
import type { Slabs } from '../log/slabs.ts';
import type { HeldRow, StateWrite, TimerRow } from '../state/port.ts';
import type { Lane } from './lane.ts';
import type { Entry } from './offset-tracker.ts';

/** What a turn starts from: a record of the log, a row of the held list, or a due timer. */
export interface Root {
  readonly kind: 'log' | 'held' | 'timer';
  /** Whose it is: a patient's mailbox has roots of all sources. */
  readonly lane: Lane;
  readonly key: string;
  readonly eventId: string;
  /** `ctx.now`: the record's timestamp or the timer's due time. */
  readonly timestamp: number;
  readonly offset: number;
  /** These three may be views of all that was read with the record, until it has waited for a while (`own`). */
  recordKey: HeaderValue | null;
  value: Buffer | null;
  headers: Headers;
  /** Bytes that count against the credits; 0 for held rows and timers. */
  readonly size: number;
  /** 1 for the first try. */
  attempt: number;
  readonly entry: Entry | undefined;
  readonly held: HeldRow | undefined;
  readonly timer: TimerRow | undefined;
  /** Deaths + 1 of a record under suspicion (suspect-gate.ts); 0 without suspicion. */
  suspect: number;
  /** Removals of the responses that its turns have in the journal. */
  journaled?: readonly StateWrite[];
}

/** From now on it keeps its own bytes only, and not those that were read with it. */
export function own(root: Root, slabs: Slabs): void {
  root.recordKey = slabs.ownKey(root.recordKey);
  root.value &&= slabs.own(root.value);
  root.headers = slabs.ownHeaders(root.headers);
}

const noHeaders: Headers = Object.freeze({});

/** It has run and is not run again by this worker: what it was read with is let go, though it is not settled yet. */
export function letGo(root: Root): void {
  root.recordKey = null;
  root.value = null;
  root.headers = noHeaders;
}
