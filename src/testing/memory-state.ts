import type { Clock } from '../clock/clock.ts';
import { sleep } from '../clock/system.ts';
import { error } from '../errors/index.ts';
import type {
  AppliedSet,
  ClaimedLane,
  GroupOutcome,
  HeldKey,
  HeldPlace,
  HeldRow,
  LaneGroup,
  LaneRef,
  OutboxRecord,
  RedriveRequest,
  State,
  SuspectNote,
  TimerRow,
} from '../state/port.ts';
import { type ProcessedId, processedTable } from '../state/processed.ts';
import type { Effect, Table } from '../state/table.ts';
import type { Fault } from './memory-log.ts';
import { memoryOperations } from './memory-operations.ts';

interface LaneData {
  ref: LaneRef;
  epoch: number;
  group: number;
  sentThrough: number;
  applied: AppliedSet;
  clean: boolean;
  partitions: number;
  outbox: { group: number; records: readonly OutboxRecord[] }[];
  timers: Map<string, TimerRow>;
  held: Map<string, HeldRow[]>;
  /** Epochs by offset. */
  suspects: Map<number, Set<number>>;
}

type Row = Record<string, unknown>;

export interface MemoryStateOptions {
  readonly clock: Clock;
  readonly latencyMs?: () => number;
  readonly fault?: (call: 'transact' | 'claim' | 'states') => Fault;
}

const laneKey = ({ flow, lane, topic, partition }: LaneRef) => `${flow}/${lane}/${topic}/${partition}`;
const timerKey = (t: { node: string; key: string; name: string }) => `${t.node}\u0000${t.key}\u0000${t.name}`;

/** The state port in memory, on a virtual clock, with faults: what the TestDriver and the simulator run on. */
export class MemoryState implements State {
  readonly kind = 'sqlite';
  readonly operations = memoryOperations();
  readonly #options: MemoryStateOptions;
  readonly #lanes = new Map<string, LaneData>();
  readonly #states = new Map<string, { value: Buffer; version: number }>();
  readonly #tables = new Map<string, Map<string, Row>>();
  readonly #redrives: RedriveRequest[] = [];
  /** Every group that was applied, in order; for oracles. */
  readonly journal: LaneGroup[] = [];
  /** Which were written in one transaction. */
  readonly #transactions = new WeakMap<LaneGroup, readonly LaneGroup[]>();

  constructor(options: MemoryStateOptions) {
    this.#options = options;
  }

  async migrate(): Promise<void> {}

  async ensureTables(tables: readonly Table<never>[]): Promise<void> {
    for (const table of tables) if (!this.#tables.has(table.name)) this.#tables.set(table.name, new Map());
  }

  async #call(call: 'transact' | 'claim' | 'states'): Promise<() => void> {
    const fault = this.#options.fault?.(call) ?? 'none';
    if (this.#options.latencyMs) await sleep(this.#options.clock, this.#options.latencyMs());
    if (fault === 'refused') throw error('AORTA_STATE_001', { problem: 'injected' });
    return () => {
      if (fault === 'lost-reply') throw error('AORTA_STATE_001', { problem: 'injected: the reply was lost' });
    };
  }

  async claim(ref: LaneRef, partitions: number): Promise<ClaimedLane> {
    const reply = await this.#call('claim');
    let lane = this.#lanes.get(laneKey(ref));
    if (!lane) {
      lane = {
        ref,
        epoch: 0,
        group: 0,
        sentThrough: 0,
        applied: { watermark: 0, runs: [], hops: {} },
        clean: true,
        partitions,
        outbox: [],
        timers: new Map(),
        held: new Map(),
        suspects: new Map(),
      };
      this.#lanes.set(laneKey(ref), lane);
    }
    const { clean } = lane;
    lane.clean = false;
    lane.epoch++;
    reply();
    return {
      epoch: lane.epoch,
      group: lane.group,
      sentThrough: lane.sentThrough,
      applied: lane.applied,
      clean,
      partitions: lane.partitions,
      outbox: lane.outbox.map((row) => ({ ...row })),
      held: heldKeysOf(lane),
      suspects: notesOf(lane),
    };
  }

  async transact(groups: readonly LaneGroup[]): Promise<readonly GroupOutcome[]> {
    const reply = await this.#call('transact');
    const outcomes = groups.map((group): GroupOutcome => {
      const lane = this.#lanes.get(laneKey(group.lane));
      if (!lane || lane.epoch !== group.epoch) return 'fenced';
      if (group.fence?.some((other) => this.#lanes.get(laneKey(other.lane))?.epoch !== other.epoch)) return 'fenced';
      return 'applied';
    });
    const live = groups.filter((group, i) => {
      const lane = this.#lanes.get(laneKey(group.lane)) as LaneData;
      return outcomes[i] === 'applied' && lane.group < group.group;
    });
    for (const group of live) for (const { effect } of group.effects) this.#check(effect);
    for (const group of live) this.#transactions.set(group, live);
    for (const group of live) this.#apply(this.#lanes.get(laneKey(group.lane)) as LaneData, group);
    reply();
    return outcomes;
  }

  /** The groups that were applied in one transaction with this one, itself among them. */
  together(group: LaneGroup): readonly LaneGroup[] {
    return this.#transactions.get(group) ?? [group];
  }

  #check(effect: Effect): void {
    const row: Row = { ...('row' in effect ? effect.row : effect.key) };
    for (const column of effect.table.key as readonly string[]) {
      if (row[column] === undefined || row[column] === null) {
        throw error('AORTA_STATE_001', { problem: `${effect.table.name}.${column} is missing` }, { class: 'Permanent' });
      }
    }
    if ('row' in effect) {
      for (const [column, { nullable }] of Object.entries(effect.table.columns as Record<string, { nullable?: boolean }>)) {
        if (!nullable && (row[column] === undefined || row[column] === null)) {
          throw error('AORTA_STATE_001', { problem: `${effect.table.name}.${column} is null` }, { class: 'Permanent' });
        }
      }
    }
  }

  #apply(lane: LaneData, group: LaneGroup): void {
    this.journal.push(group);
    lane.group = group.group;
    lane.applied = group.applied;
    lane.sentThrough = group.sentThrough;
    lane.outbox = lane.outbox.filter((row) => row.group > group.sentThrough);
    if (group.outbox.length > 0) lane.outbox.push({ group: group.group, records: group.outbox });
    const { flow } = group.lane;
    for (const { store, key, value, version } of group.states) {
      if (value === null) this.#states.delete(`${flow}/${store}/${key}`);
      else this.#states.set(`${flow}/${store}/${key}`, { value, version });
    }
    for (const { effect, source } of group.effects) this.#write(effect, source.eventId);
    for (const timer of group.timers) {
      if (timer.due === null) lane.timers.delete(timerKey(timer));
      else lane.timers.set(timerKey(timer), { ...timer, due: timer.due });
    }
    for (const held of group.held) {
      const key = held.op === 'remove' ? held.key : held.row.key;
      const rows = lane.held.get(key) ?? [];
      if (held.op === 'add') rows.push(held.row);
      else {
        const seq = held.op === 'remove' ? held.seq : held.row.seq;
        const i = rows.findIndex((row) => row.seq === seq);
        if (held.op === 'remove') rows.splice(i, i < 0 ? 0 : 1);
        else if (i >= 0) rows[i] = held.row;
      }
      rows.sort((a, b) => a.seq - b.seq);
      if (rows.length > 0) lane.held.set(key, rows);
      else lane.held.delete(key);
    }
    for (const { offset, note } of group.suspects) {
      if (note === 'settled') lane.suspects.delete(offset);
      else if (note === 'over') takeBack(lane, group.epoch, [offset]);
      else lane.suspects.set(offset, (lane.suspects.get(offset) ?? new Set()).add(group.epoch));
    }
    for (const id of group.redrivesDone) {
      const i = this.#redrives.findIndex((request) => request.id === id);
      if (i >= 0) this.#redrives.splice(i, 1);
    }
  }

  #write(effect: Effect, eventId: string): void {
    const rows = this.#tables.get(effect.table.name) ?? new Map<string, Row>();
    this.#tables.set(effect.table.name, rows);
    const source: Row = { ...('row' in effect ? effect.row : effect.key) };
    const key = JSON.stringify((effect.table.key as readonly string[]).map((column) => source[column]));
    const known = rows.get(key);
    if (effect.op === 'insert') {
      if (!known) rows.set(key, { ...source, source_event: eventId });
    } else if (effect.op === 'upsert') {
      const by = effect.newerBy;
      if (!known || by === undefined || (known[by] as number) <= (source[by] as number))
        rows.set(key, { ...source, source_event: eventId });
    } else if (effect.op === 'update') {
      if (known) rows.set(key, { ...known, ...effect.set, source_event: eventId });
    } else rows.delete(key);
  }

  async release(ref: LaneRef, epoch: number): Promise<void> {
    const lane = this.#lanes.get(laneKey(ref));
    if (lane?.epoch === epoch) lane.clean = true;
  }

  async outlived(ref: LaneRef, epoch: number, offsets: readonly number[]): Promise<void> {
    const lane = this.#lanes.get(laneKey(ref));
    if (lane) takeBack(lane, epoch, offsets);
  }

  async suspects(ref: LaneRef): Promise<readonly SuspectNote[]> {
    const lane = this.#lanes.get(laneKey(ref));
    return lane ? notesOf(lane) : [];
  }

  async states(flow: string, store: string, keys: readonly string[]) {
    const reply = await this.#call('states');
    reply();
    return keys.map((key) => this.#states.get(`${flow}/${store}/${key}`) ?? null);
  }

  async timers(ref: LaneRef, until: number, limit: number): Promise<readonly TimerRow[]> {
    const lane = this.#lanes.get(laneKey(ref));
    return [...(lane?.timers.values() ?? [])]
      .filter((t) => t.due <= until)
      .sort((a, b) => a.due - b.due)
      .slice(0, limit);
  }

  async held(ref: LaneRef, key: string, fromSeq: number, limit: number): Promise<readonly HeldRow[]> {
    return (this.#lanes.get(laneKey(ref))?.held.get(key) ?? []).filter((row) => row.seq >= fromSeq).slice(0, limit);
  }

  async heldKeys(flow: string, limit: number): Promise<readonly (HeldKey & { readonly lane: LaneRef })[]> {
    const lanes = [...this.#lanes.values()].filter(({ ref }) => ref.flow === flow);
    return lanes.flatMap((lane) => heldKeysOf(lane).map((held) => ({ ...held, lane: lane.ref }))).slice(0, limit);
  }

  async heldAt(flow: string, keys: readonly string[]): Promise<readonly HeldPlace[]> {
    const places = (await this.heldKeys(flow, Number.POSITIVE_INFINITY)).filter(({ key }) => keys.includes(key));
    return places
      .map(({ key, lane, head: { seq, due, reason, errorClass } }) => ({ key, seq, due, reason, errorClass, lane }))
      .sort((a, b) => compare(laneKey(a.lane), laneKey(b.lane)) || compare(a.key, b.key));
  }

  async processed(flow: string, ids: readonly ProcessedId[]): Promise<readonly (string | null)[]> {
    const reply = await this.#call('states');
    reply();
    const rows = this.#tables.get(processedTable.name);
    return ids.map(({ node, key, id }) => (rows?.get(JSON.stringify([flow, node, key, id]))?.['coordinate'] as string | undefined) ?? null);
  }

  async forgetProcessed(flow: string, node: string, before: number, limit: number): Promise<number> {
    const rows = this.#tables.get(processedTable.name) ?? new Map<string, Row>();
    const old = [...rows]
      .filter(([, row]) => row['flow'] === flow && row['node'] === node && (row['at'] as number) < before)
      .slice(0, limit);
    for (const [key] of old) rows.delete(key);
    return old.length;
  }

  async requestRedrive(request: RedriveRequest): Promise<void> {
    this.#redrives.push(request);
  }

  async redriveRequests(flow: string): Promise<readonly RedriveRequest[]> {
    return this.#redrives.filter((request) => request.flow === flow);
  }

  async query<T extends object>(): Promise<readonly T[]> {
    throw new Error('the memory state has no SQL: read tables with rows(table)');
  }

  /** All rows of a declared table, in order of first insertion. */
  rows<R extends object>(table: Table<R>): readonly R[] {
    return [...(this.#tables.get(table.name)?.values() ?? [])] as unknown as readonly R[];
  }

  /** The stored state of a patient, decoded. */
  stateOf(flow: string, store: string, key: string): unknown {
    const found = this.#states.get(`${flow}/${store}/${key}`);
    return found ? JSON.parse(found.value.toString()) : undefined;
  }

  /** The store is lost and made anew. */
  forget(): void {
    this.#lanes.clear();
    this.#states.clear();
    this.#tables.clear();
    this.#redrives.length = 0;
  }

  async ping(): Promise<void> {}
  async close(): Promise<void> {}
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const notesOf = (lane: LaneData): SuspectNote[] =>
  [...lane.suspects]
    .flatMap(([offset, epochs]) => [...epochs].map((epoch) => ({ offset, epoch })))
    .sort((a, b) => a.offset - b.offset || a.epoch - b.epoch);

function takeBack(lane: LaneData, epoch: number, offsets: readonly number[]): void {
  for (const offset of offsets) {
    const epochs = lane.suspects.get(offset);
    epochs?.delete(epoch);
    if (epochs?.size === 0) lane.suspects.delete(offset);
  }
}

const heldKeysOf = (lane: LaneData): HeldKey[] =>
  [...lane.held].map(([key, rows]) => ({ key, count: rows.length, head: rows[0] as HeldRow }));
