import { encodeHeaders } from '../../sqlite/headers.ts';
import type { Pack } from '../../sqlite/jobs.ts';
import type { HeldRow, LaneGroup, LaneRef, SuspectWrite } from '../port.ts';
import { effectStatement } from './effects.ts';

/** Values of one row, in the order of the statement that takes them. */
export type Values = readonly (string | number | Uint8Array | null)[];

/** A lane's key, in the order of its columns. */
export type LaneKey = readonly [flow: string, lane: string, topic: string, partition: number];

export const laneKey = ({ flow, lane, topic, partition }: LaneRef): LaneKey => [flow, lane, topic, partition];

/** One emission; the outbox row of a group is the list of them. */
export type SentEmission = readonly [
  topic: string,
  partition: number,
  key: string,
  value: Uint8Array | null,
  headers: Readonly<Record<string, string>>,
  timestamp: number,
];

/** A group on its way to the writer thread: plain data, ready to bind. */
export interface SentGroup {
  readonly lane: LaneKey;
  readonly epoch: number;
  readonly fence: readonly (readonly [lane: LaneKey, epoch: number])[];
  readonly group: number;
  readonly sentThrough: number;
  readonly watermark: number;
  readonly runs: string;
  readonly hops: string;
  readonly states: readonly (
    | {
        readonly put: readonly [
          store: string,
          key: string,
          value: Uint8Array,
          version: number,
          event: string,
          flow: string,
          mapping: string,
        ];
      }
    | { readonly remove: readonly [store: string, key: string] }
  )[];
  readonly effects: readonly (readonly [sql: number, values: Values])[];
  readonly timers: readonly {
    readonly due: number | null;
    readonly id: readonly [node: string, key: string, name: string];
    readonly payload: Uint8Array | null;
    readonly eventId: string;
  }[];
  readonly outbox: readonly SentEmission[];
  readonly held: readonly (
    | { readonly op: 'add' | 'update'; readonly key: string; readonly seq: number; readonly values: Values }
    | { readonly op: 'remove'; readonly key: string; readonly seq: number }
  )[];
  readonly suspects: readonly SuspectWrite[];
  readonly redrivesDone: readonly string[];
}

export interface SentGroups {
  /** Texts of the effects' statements; effects name them by position, because one text serves many rows. */
  readonly sqls: readonly string[];
  readonly groups: readonly SentGroup[];
}

/** Checks and flattens groups for the writer. Throws AORTA_STATE_004 for an effect that does not fit its table. */
export function sendGroups(groups: readonly LaneGroup[], pack: Pack): SentGroups {
  const sqls: string[] = [];
  const positions = new Map<string, number>();
  const position = (sql: string): number => {
    const known = positions.get(sql);
    if (known !== undefined) return known;
    positions.set(sql, sqls.length);
    return sqls.push(sql) - 1;
  };
  const packed = (bytes: Uint8Array | null) => (bytes === null ? null : pack(bytes));
  const send = (group: LaneGroup): SentGroup => ({
    lane: laneKey(group.lane),
    epoch: group.epoch,
    fence: (group.fence ?? []).map(({ lane, epoch }) => [laneKey(lane), epoch] as const),
    group: group.group,
    sentThrough: group.sentThrough,
    watermark: group.applied.watermark,
    runs: JSON.stringify(group.applied.runs),
    hops: JSON.stringify(group.applied.hops),
    states: group.states.map(({ store, key, value, version, source }) =>
      value === null
        ? { remove: [store, key] }
        : { put: [store, key, pack(value), version, source.eventId, source.flowHash, source.version] },
    ),
    effects: group.effects.map(({ effect, source }) => {
      const { sql, values } = effectStatement(effect, source, pack);
      return [position(sql), values];
    }),
    timers: group.timers.map(({ node, key, name, due, payload, eventId }) => ({
      due,
      id: [node, key, name],
      payload: packed(payload),
      eventId,
    })),
    outbox: group.outbox.map(({ topic, partition, key, value, headers, timestamp }) => [
      topic,
      partition,
      key,
      packed(value),
      headers,
      timestamp,
    ]),
    held: group.held.map((write) =>
      write.op === 'remove'
        ? { op: 'remove', key: write.key, seq: write.seq }
        : { op: write.op, key: write.row.key, seq: write.row.seq, values: heldValues(write.row, packed) },
    ),
    suspects: group.suspects.map(({ offset, note }) => ({ offset, note })),
    redrivesDone: [...group.redrivesDone],
  });
  return { groups: groups.map(send), sqls };
}

/** In the order of `heldColumns` (held.ts). */
const heldValues = (row: HeldRow, packed: (bytes: Uint8Array | null) => Uint8Array | null): Values => [
  row.offset,
  row.timestamp,
  row.eventId,
  packed(row.recordKey),
  packed(row.value),
  encodeHeaders(row.headers),
  row.resume,
  row.attempt,
  row.due,
  row.reason,
  row.errorClass,
  row.errorCode,
  row.operator,
  row.redrives,
];
