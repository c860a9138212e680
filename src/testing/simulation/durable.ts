import { header } from '../../log/port.ts';
import type { LaneGroup } from '../../state/port.ts';
import type { MemoryLog } from '../memory-log.ts';
import type { MemoryState } from '../memory-state.ts';
import type { Sent } from '../oracles.ts';
import type { History, SentRecord } from './history.ts';
import { probe } from './probe.ts';

/** An event's id within those that the engine derives from it. */
const rootOf = (eventId: unknown): string => String(eventId).split(':')[0] ?? '';

/**
 * What is durable at a moment, read from what the store applied and the log has, never from what the engine says of
 * itself: the effects, the held rows, the emissions.
 */
export class Durable {
  readonly #log: MemoryLog;
  readonly #state: MemoryState;
  readonly #history: History;
  /** Topic of the emissions by which a stateless flow is judged. */
  readonly #emissions: string | undefined;
  /** Effects in the order in which they were applied. */
  readonly effects: Sent[] = [];
  readonly #effected = new Set<string>();
  readonly #held = new Map<string, string>();
  readonly #everHeld = new Set<string>();
  /** Emissions of the turn of an event's own offset; what it emits when it was held or forwarded belongs to no offset. */
  readonly #owed = new Map<string, { readonly group: LaneGroup; readonly at: string }[]>();
  readonly #emitted = new Set<string>();
  readonly #lastApplied = new Map<number, LaneGroup>();
  readonly #read = new Map<string, number[]>();
  #groups = 0;
  #checked = new Map<number, number>();

  constructor(log: MemoryLog, state: MemoryState, history: History, emissions: string | undefined) {
    this.#log = log;
    this.#state = state;
    this.#history = history;
    this.#emissions = emissions;
  }

  /** The topic is made anew: offsets begin again. */
  forget(): void {
    this.update();
    this.#checked = new Map();
    this.#history.sent.length = 0;
    this.#lastApplied.clear();
  }

  /** Takes in what became durable since the last call. */
  update(): void {
    const { journal } = this.#state;
    for (; this.#groups < journal.length; this.#groups++) this.#group(journal[this.#groups] as LaneGroup);
    for (const topic of this.#log.topics()) {
      const partitions = this.#log.all(topic);
      const read = this.#read.get(topic) ?? [];
      for (const [partition, records] of partitions.entries()) {
        for (let i = read[partition] ?? 0; i < records.length; i++) {
          const id = String(records[i]?.headers[header.eventId]);
          this.#emitted.add(`${topic}/${partition}/${id}`);
          if (topic === this.#emissions && !this.#effected.has(rootOf(id)))
            this.#effect({ key: String(records[i]?.key), eventId: rootOf(id) });
        }
        read[partition] = records.length;
      }
      this.#read.set(topic, read);
    }
  }

  #effect(sent: Sent): void {
    this.effects.push(sent);
    this.#effected.add(sent.eventId);
  }

  #group(group: LaneGroup): void {
    const { lane, epoch, applied } = group;
    this.#history.note(
      `applied ${lane.partition} epoch ${epoch} group ${group.group} watermark ${applied.watermark} ${JSON.stringify(applied.runs)} ` +
        `effects ${group.effects.length} outbox ${group.outbox.length} held ${group.held.length} timers ${group.timers.length}`,
    );
    this.#lastApplied.set(lane.partition, group);
    const effected = new Set<string>();
    if (this.#emissions === undefined) {
      for (const { effect } of group.effects) {
        if (effect.table.name !== probe.name) continue;
        const row = ('row' in effect ? effect.row : effect.key) as { key: string; event_id: string };
        effected.add(row.event_id);
        this.#effect({ key: row.key, eventId: row.event_id });
      }
    }
    // The owner takes the head that it finds when it carries a request out.
    const discards = group.redrivesDone.some((id) => this.#history.discards.has(id));
    for (const write of group.held) {
      const key = write.op === 'remove' ? write.key : write.row.key;
      const seq = write.op === 'remove' ? write.seq : write.row.seq;
      const at = `${lane.partition}/${key}/${seq}`;
      if (write.op === 'remove') {
        const eventId = this.#held.get(at);
        if (discards && eventId !== undefined && !this.#effected.has(eventId)) this.#history.excused.add(eventId);
        this.#held.delete(at);
      } else {
        this.#held.set(at, write.row.eventId);
        this.#everHeld.add(write.row.eventId);
      }
    }
    for (const record of group.outbox) {
      const id = String(record.headers[header.eventId]);
      // What a timer emits later belongs to no offset.
      if (!effected.has(rootOf(id)) && rootOf(id) !== id) continue;
      const owed = this.#owed.get(rootOf(id)) ?? [];
      if (owed.length > 0 && owed[0]?.group !== group) continue;
      owed.push({ group, at: `${record.topic}/${record.partition}/${id}` });
      this.#owed.set(rootOf(id), owed);
    }
  }

  /** Offset below which the store says that all is applied. */
  watermark(partition: number): number {
    return this.#lastApplied.get(partition)?.applied.watermark ?? 0;
  }

  has(eventId: string): boolean {
    return this.#effected.has(eventId);
  }

  wasHeld(eventId: string): boolean {
    return this.#everHeld.has(eventId);
  }

  /** The store says that the record's effects are in it. */
  claimsApplied({ partition, offset }: SentRecord): boolean {
    const applied = this.#lastApplied.get(partition)?.applied;
    if (!applied) return false;
    return offset < applied.watermark || applied.runs.some(([first, last]) => offset >= first && offset <= last);
  }

  /** The log took a commit: everything below it must be durable, and what it emitted must be in the log. */
  checkCommit(partition: number, committed: number): void {
    this.update();
    const at = `partition ${partition}`;
    const records = this.#history.sent.filter((s) => s.partition === partition);
    let i = this.#checked.get(partition) ?? 0;
    const waiting = new Set(this.#held.values());
    for (; i < records.length && (records[i] as SentRecord).offset < committed; i++) {
      const { eventId, offset } = records[i] as SentRecord;
      if (this.#history.excused.has(eventId)) continue;
      const owed = this.#owed.get(eventId) ?? [];
      const forwarded = owed.some((o) => o.at.endsWith(`/${eventId}`));
      if (!this.#effected.has(eventId) && !waiting.has(eventId) && !this.#everHeld.has(eventId) && !forwarded)
        this.#history.violated({
          oracle: 'WatermarkNeverPassesIncomplete',
          message: `${at}: ${committed} is committed, but ${eventId} at ${offset} has neither effect nor a place on the held list`,
        });
      // What a held record emits later is not its offset's any more.
      const unsent = this.#everHeld.has(eventId) ? undefined : owed.find((o) => !this.#emitted.has(o.at));
      if (unsent)
        this.#history.violated({
          oracle: 'WatermarkNeverPassesIncomplete',
          message: `${at}: ${committed} is committed, but emission ${unsent.at} of ${eventId} is not in the log`,
        });
    }
    this.#checked.set(partition, i);
  }
}
