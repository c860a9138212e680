import type { Topic } from '../../flow/topic.ts';
import { partitionOf } from '../../log/murmur2.ts';
import { header } from '../../log/port.ts';
import type { Serde } from '../../schema/port.ts';
import type { MemoryLog } from '../memory-log.ts';
import { seededRandom } from '../virtual-clock.ts';
import type { Durable } from './durable.ts';
import type { History } from './history.ts';
import type { Action, RecordRef } from './schedule.ts';

type Event = (key: string, n: number, random: ReturnType<typeof seededRandom>) => unknown;

/** A topic that the flow reads. */
export interface Source {
  readonly topic: Topic<unknown>;
  readonly serde: Serde<unknown>;
}

/** Appends what the schedule sends, with hop numbers, as ingress does. */
export class Ingress {
  readonly merges: { readonly from: string; readonly into: string }[] = [];
  readonly #seed: number;
  readonly #event: Event;
  readonly #log: MemoryLog;
  readonly #history: History;
  readonly #sources: readonly Source[];
  #produced = 0;
  /** By topic and partition, when the topics were made anew. */
  #watermarks: ReadonlyMap<string, readonly number[]> | undefined;

  constructor(seed: number, event: Event, log: MemoryLog, history: History, sources: readonly Source[]) {
    this.#seed = seed;
    this.#event = event;
    this.#log = log;
    this.#history = history;
    this.#sources = sources;
  }

  /** The topics were made anew. */
  get recreated(): boolean {
    return this.#watermarks !== undefined;
  }

  recreate(durable: Durable): void {
    const names = this.#sources.map(({ topic }) => topic.name);
    this.#watermarks = new Map(
      names.map((topic) => [topic, this.#log.all(topic).map((_, partition) => durable.watermark({ topic, partition }))]),
    );
    for (const name of names) this.#log.recreate(name);
  }

  send(records: readonly RecordRef[], how: { readonly twice?: boolean; readonly foreign?: boolean }): void {
    const appends = records.map(({ key, n }) => {
      const eventId = `${key}#${n}`;
      const random = seededRandom(this.#seed ^ hashOf(eventId));
      // By the record, so that a shorter schedule leaves the others where they were.
      const { topic, serde } = this.#sources[hashOf(`${this.#seed} ${eventId}`) % this.#sources.length] as Source;
      const value = serde.serialize(this.#event(key, n, random));
      const hop = how.foreign ? {} : { [header.seq]: `simulated-ingress/${this.#produced++}` };
      return { eventId, append: { topic: topic.name, key, value, headers: { [header.eventId]: eventId, ...hop } } };
    });
    for (const { eventId, append } of appends) {
      const { topic, key } = append;
      if (this.#unnoticeable(topic, key)) continue;
      const { partition, offset } = this.#log.put(append);
      this.#history.sent.push({ key, eventId, topic, partition, offset });
      this.#history.note(`sent ${eventId} at ${topic}/${partition}/${offset}`);
    }
    if (how.twice && !this.#watermarks) for (const { append } of appends) this.#log.put(append);
  }

  /**
   * A topic that was made anew and has grown past the old watermark cannot be told from the old one by its offsets: the
   * engine promises to refuse only below it.
   */
  #unnoticeable(topic: string, key: string): boolean {
    if (!this.#watermarks) return false;
    const partition = partitionOf(key, this.#log.all(topic).length);
    return (this.#log.all(topic)[partition]?.length ?? 0) + 1 >= (this.#watermarks.get(topic)?.[partition] ?? 0);
  }

  merge({ from, into, id }: Extract<Action, { do: 'merge' }>): void {
    this.merges.push({ from, into });
    this.#history.say(`${from} is merged into ${into}`);
    for (const { topic } of this.#sources) {
      if (!topic.merges) continue;
      for (const [key, peer, control] of [
        [from, into, 'merge.out'],
        [into, from, 'merge.hold'],
      ] as const) {
        const headers = {
          [header.eventId]: `${id}:${control}`,
          [header.seq]: `simulated-ingress/${this.#produced++}`,
          'aorta-control': control,
        };
        this.#log.put({ topic: topic.name, key, value: Buffer.from(JSON.stringify({ id, peer })), headers });
      }
    }
  }
}

/** FNV-1a: contents follow the record, whatever else the schedule holds. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
