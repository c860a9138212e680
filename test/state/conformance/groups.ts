import { randomUUID } from 'node:crypto';
import type { ClaimedLane, HeldRow, LaneGroup, LaneRef, State } from '../../../src/state/port.ts';
import { type Column, effect, type Source, type Table, table } from '../../../src/state/table.ts';

let count = 0;

/** A name that no other test uses. */
export const fresh = (prefix: string): string => `${prefix}_${process.pid}_${randomUUID().slice(0, 8)}_${++count}`;

export const laneRef = (flow = fresh('flow'), partition = 0, lane = 'main'): LaneRef => ({ flow, lane, topic: 'hl7.adt', partition });

export const source: Source = { eventId: 'event-1', flowHash: 'hash-1', version: '3' };

export const group = (lane: LaneRef, epoch: number, number: number, parts: Partial<LaneGroup> = {}): LaneGroup => ({
  lane,
  epoch,
  group: number,
  applied: { watermark: number * 10, runs: [], hops: {} },
  sentThrough: 0,
  states: [],
  effects: [],
  timers: [],
  outbox: [],
  held: [],
  suspects: [],
  redrivesDone: [],
  ...parts,
});

/** A claimed lane of one worker that numbers its groups. */
export class Owner {
  readonly state: State;
  readonly lane: LaneRef;
  readonly claimed: ClaimedLane;
  #group: number;

  private constructor(state: State, lane: LaneRef, claimed: ClaimedLane) {
    this.state = state;
    this.lane = lane;
    this.claimed = claimed;
    this.#group = claimed.group;
  }

  static async claim(state: State, lane: LaneRef = laneRef()): Promise<Owner> {
    return new Owner(state, lane, await state.claim(lane, 12));
  }

  next(parts: Partial<LaneGroup> = {}): LaneGroup {
    return group(this.lane, this.claimed.epoch, ++this.#group, parts);
  }

  /** The next group's number without making one. */
  get number(): number {
    return this.#group + 1;
  }

  async commit(parts: Partial<LaneGroup> = {}): Promise<string> {
    const [outcome] = await this.state.transact([this.next(parts)]);
    return outcome as string;
  }
}

export interface Bed {
  id: string;
  ward: string | null;
  moved: number | null;
  score: number | null;
  active: boolean | null;
  notes: unknown;
  scan: Buffer | null;
}

export const bedColumns: Readonly<Record<string, Column>> = {
  id: { type: 'text' },
  ward: { type: 'text', nullable: true },
  moved: { type: 'timestamp', nullable: true },
  score: { type: 'real', nullable: true },
  active: { type: 'boolean', nullable: true },
  notes: { type: 'json', nullable: true },
  scan: { type: 'bytes', nullable: true },
};

/** Declares a table with every type of column and creates it. */
export async function bedTable(state: State): Promise<Table<Bed>> {
  const beds = table<Bed>(fresh('bed'), { columns: bedColumns as Table<Bed>['columns'], key: ['id'], indexes: [['ward', 'moved']] });
  await state.ensureTables([beds as unknown as Table<never>]);
  return beds;
}

export const bed = (id: string, parts: Partial<Bed> = {}): Bed => ({
  id,
  ward: null,
  moved: null,
  score: null,
  active: null,
  notes: null,
  scan: null,
  ...parts,
});

export const write = {
  insert: <R extends object>(t: Table<R>, row: R) => ({ effect: effect.insert(t, row), source }),
  upsert: <R extends object>(t: Table<R>, row: R, newerBy?: keyof R & string) => ({ effect: effect.upsert(t, row, newerBy), source }),
  update: <R extends object>(t: Table<R>, key: Partial<R>, set: Partial<R>) => ({ effect: effect.update(t, key, set), source }),
  remove: <R extends object>(t: Table<R>, key: Partial<R>) => ({ effect: effect.remove(t, key), source }),
};

export const heldRow = (key: string, seq: number, parts: Partial<HeldRow> = {}): HeldRow => ({
  key,
  seq,
  offset: seq * 100,
  timestamp: 1_700_000_000_000 + seq,
  eventId: `event-${seq}`,
  recordKey: Buffer.from(key),
  value: Buffer.from([0, 1, 2, 255, seq % 256]),
  headers: { eventId: `event-${seq}`, raw: Buffer.from([0xff, 0x00, 0xfe]) },
  resume: 'call-ehr',
  attempt: 1,
  due: 1_700_000_100_000 + seq,
  reason: 'retry',
  errorClass: 'Transient',
  errorCode: 'AORTA_STATE_001',
  operator: 'call-ehr',
  redrives: 0,
  ...parts,
});
