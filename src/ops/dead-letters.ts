import { type Headers, header, type Log, type LogRecord } from '../log/port.ts';
import type { RedriveNote } from '../state/operations.ts';
import type { State } from '../state/port.ts';

/** A dead letter, as operators see it. Metadata only. */
export interface DeadLetter {
  /** `partition-offset` on `<flow>.dlq`. */
  readonly id: string;
  readonly flow: string;
  readonly eventId: string;
  /** Patient id. */
  readonly key: string;
  readonly operator: string;
  readonly class: string;
  readonly code: string;
  readonly attempts: number;
  /** Where it was read: topic/partition/offset. */
  readonly source: string;
  readonly schemaId: number | null;
  readonly graphHash: string;
  readonly redrives: number;
  readonly size: number;
  /** Milliseconds since 1970: when it became a dead letter. */
  readonly at: number;
  /** What an operator did with it; null: it waits for one. */
  readonly taken: RedriveNote['action'] | null;
}

/** What operators took, by id. */
export type Taken = ReadonlyMap<string, { readonly action: RedriveNote['action'] }>;

export const dlqOf = (flow: string): string => `${flow}.dlq`;
const page = 500;

/** Dead letters of a flow that wait for an operator: what the topic holds, less what was taken. */
export async function countDeadLetters(log: Log, state: State, flow: string): Promise<number> {
  const [ends, taken] = await Promise.all([log.ends(dlqOf(flow)), state.operations.takenLetters(flow)]);
  const starts = new Map(ends.map(({ partition, start }) => [partition, start]));
  const all = ends.reduce((sum, { start, end }) => sum + end - start, 0);
  let gone = 0;
  for (const id of taken.keys()) {
    const at = placeOf(id);
    if (at && at.offset >= (starts.get(at.partition) ?? 0)) gone++;
  }
  return Math.max(0, all - gone);
}

/** The newest dead letters, newest first; with `taken` also those that an operator took. */
export async function newestDeadLetters(log: Log, state: State, flow: string, limit: number, all = false): Promise<readonly DeadLetter[]> {
  const [ends, taken] = await Promise.all([log.ends(dlqOf(flow)), state.operations.takenLetters(flow)]);
  const found: DeadLetter[] = [];
  for (const { topic, partition, start, end } of ends) {
    let open = 0;
    for (let until = end; until > start && open < limit; ) {
      const from = Math.max(start, until - page);
      for (const record of await log.read({ topic, partition }, from, until - from)) {
        const letter = letterOf(flow, partition, record, taken);
        if (record.offset >= until || (letter.taken !== null && !all)) continue;
        found.push(letter);
        open++;
      }
      until = from;
    }
  }
  return found.sort((a, b) => b.at - a.at || placed(b) - placed(a)).slice(0, limit);
}

/** One that waits. */
export interface WaitingLetter {
  readonly letter: DeadLetter;
  /** The same end of the same record: equal for all copies of a letter. */
  readonly end: string;
  /**
   * The log has it from before: after a lost reply or a crash its worker appends it again. Of all copies one is redriven,
   * or the record would take effect once for each; the others are only taken off the list.
   */
  readonly copy: boolean;
}

/** Dead letters that wait for an operator, oldest first within each partition: the order in which they are redriven. */
export async function* waitingDeadLetters(log: Log, state: State, flow: string): AsyncGenerator<WaitingLetter> {
  const [ends, taken] = await Promise.all([log.ends(dlqOf(flow)), state.operations.takenLetters(flow)]);
  for (const { topic, partition, start, end } of ends) {
    const seen = new Set<string>();
    for (let from = start; from < end; ) {
      const records = await log.read({ topic, partition }, from, page);
      if (records.length === 0) break;
      for (const record of records) {
        const letter = letterOf(flow, partition, record, taken);
        const ended = endOf(record);
        if (letter.taken === null) yield { letter, end: ended, copy: seen.has(ended) };
        seen.add(ended);
      }
      from = (records.at(-1) as LogRecord).offset + 1;
    }
  }
}

/** What is asked of dead letters by what they are; what is left out says nothing. */
export interface LetterFilter {
  /** Patient id. */
  readonly key?: string | undefined;
  readonly errorClass?: string | undefined;
}

/** Ends of another class that are remembered until a copy that fits comes: copies follow within a crash or a lost reply. */
const remembered = 10_000;

/**
 * The waiting letters that a request means: those that fit, and all copies of them, in the order of `waitingDeadLetters`.
 * By error class it ends with the first `most` (and the letters before that they mean). A record that ended again after a crash may have failed otherwise: a copy that alone
 * fits still means the record, whose first letter is the one that is redriven.
 */
export async function* meantDeadLetters(
  log: Log,
  state: State,
  flow: string,
  { key, errorClass }: LetterFilter,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<WaitingLetter> {
  const found: WaitingLetter[] = [];
  const meant = new Set<string>();
  const others = new Map<string, WaitingLetter[]>();
  for await (const waiting of waitingDeadLetters(log, state, flow)) {
    const { letter, end } = waiting;
    if (key !== undefined && letter.key !== key) continue;
    if (errorClass === undefined) {
      yield waiting;
      continue;
    }
    const before = others.get(end);
    if (letter.class !== errorClass && !meant.has(end)) {
      if (before) before.push(waiting);
      else others.set(end, [waiting]);
      if (others.size > remembered) others.delete(others.keys().next().value as string);
      continue;
    }
    others.delete(end);
    meant.add(end);
    found.push(...(before ?? []), waiting);
    if (found.length >= most) break;
  }
  // A letter that is meant for a later copy's sake stands before what was found meanwhile: a patient's records keep their order.
  yield* found.sort((a, b) => partitionOf(a) - partitionOf(b) || placed(a.letter) - placed(b.letter));
}

/** One dead letter and its record; undefined: there is none of that id (any more). */
export async function deadLetter(log: Log, flow: string, id: string, taken: Taken) {
  const at = placeOf(id);
  if (!at || at.partition >= (await log.partitions(dlqOf(flow)))) return undefined;
  const [record] = await log.read({ topic: dlqOf(flow), partition: at.partition }, at.offset, 1);
  if (!record || record.offset !== at.offset) return undefined;
  return { letter: letterOf(flow, at.partition, record, taken), record };
}

/** What the letter is of: where the record was read, by which lane. A letter that was redriven is read elsewhere. */
export const endOf = ({ headers }: LogRecord): string =>
  [header.lane, header.eventId, 'aorta-source'].map((name) => text(headers, name)).join('\u0000');

export function placeOf(id: string): { readonly partition: number; readonly offset: number } | undefined {
  const [, partition, offset] = /^(\d{1,9})-(\d{1,15})$/.exec(id) ?? [];
  return partition === undefined ? undefined : { partition: Number(partition), offset: Number(offset) };
}

const partitionOf = ({ letter }: WaitingLetter): number => placeOf(letter.id)?.partition ?? 0;
const placed = (letter: DeadLetter): number => placeOf(letter.id)?.offset ?? 0;

function letterOf(flow: string, partition: number, { offset, key, value, headers, timestamp }: LogRecord, taken: Taken): DeadLetter {
  const id = `${partition}-${offset}`;
  const schemaId = text(headers, 'aorta-schema-id');
  return {
    ...{ id, flow, eventId: text(headers, header.eventId), key: key?.toString() ?? '' },
    operator: text(headers, 'aorta-operator'),
    class: text(headers, 'aorta-error-class'),
    code: text(headers, 'aorta-error-code'),
    attempts: Number(text(headers, 'aorta-attempts')),
    source: text(headers, 'aorta-source'),
    schemaId: schemaId === '' ? null : Number(schemaId),
    graphHash: text(headers, 'aorta-graph-hash'),
    redrives: Number(text(headers, header.redrives)),
    size: value?.length ?? 0,
    at: timestamp,
    taken: taken.get(id)?.action ?? null,
  };
}

const text = (headers: Headers, name: string): string => headers[name]?.toString() ?? '';
