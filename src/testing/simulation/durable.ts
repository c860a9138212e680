import { mainLane } from '../../flow/nodes.ts';
import { header, type TopicPartition } from '../../log/port.ts';
import type { LaneGroup } from '../../state/port.ts';
import type { MemoryLog } from '../memory-log.ts';
import type { MemoryState } from '../memory-state.ts';
import type { Sent } from '../oracles.ts';
import type { History, SentRecord } from './history.ts';
import { probe } from './probe.ts';

const placeOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

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
  /** Rows of independent lanes. */
  readonly #inputs = new Map<string, string>();
  readonly #everHeld = new Set<string>();
  /** Emissions of the turn of an event's own offset; what it emits when it was held or forwarded belongs to no offset. */
  readonly #owed = new Map<string, { readonly group: LaneGroup; readonly at: string }[]>();
  readonly #emitted = new Set<string>();
  /** Of the main lanes: an independent lane's inputs belong to no offset. */
  readonly #lastApplied = new Map<string, LaneGroup>();
  readonly #read = new Map<string, number[]>();
  #groups = 0;
  #checked = new Map<string, number>();

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
    const main = lane.lane === mainLane;
    this.#history.note(
      `applied ${lane.lane} ${placeOf(lane)} epoch ${epoch} group ${group.group} watermark ${applied.watermark} ${JSON.stringify(applied.runs)} ` +
        `effects ${group.effects.length} outbox ${group.outbox.length} held ${group.held.length} timers ${group.timers.length}`,
    );
    if (main) this.#lastApplied.set(placeOf(lane), group);
    if (this.#emissions === undefined) for (const row of probed(group)) this.#effect({ key: row.key, eventId: row.event_id });
    // A patient's rows over several sources are written by one of their groups.
    const effected = new Set(this.#state.together(group).flatMap((other) => probed(other).map((row) => row.event_id)));
    // The owner takes the head that it finds when it carries a request out.
    const discards = group.redrivesDone.some((id) => this.#history.discards.has(id));
    for (const write of group.held) {
      const key = write.op === 'remove' ? write.key : write.row.key;
      const seq = write.op === 'remove' ? write.seq : write.row.seq;
      const at = `${lane.lane}/${placeOf(lane)}/${key}/${seq}`;
      const held = main ? this.#held : this.#inputs;
      if (write.op === 'remove') {
        const eventId = held.get(at);
        if (discards && eventId !== undefined) {
          if (!main) this.#history.discardedInLane.add(rootOf(eventId));
          else if (!this.#effected.has(eventId)) this.#history.excused.add(eventId);
        }
        held.delete(at);
      } else {
        held.set(at, write.row.eventId);
        if (main) this.#everHeld.add(write.row.eventId);
      }
    }
    // An input is durable with the turn that made it: what its lane emits for it is owed to the lane, not to the offset.
    if (!main) return;
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
  watermark(partition: TopicPartition): number {
    return this.#lastApplied.get(placeOf(partition))?.applied.watermark ?? 0;
  }

  has(eventId: string): boolean {
    return this.#effected.has(eventId);
  }

  wasHeld(eventId: string): boolean {
    return this.#everHeld.has(eventId);
  }

  /** The store says that the record's effects are in it. */
  claimsApplied(record: SentRecord): boolean {
    const { offset } = record;
    const applied = this.#lastApplied.get(placeOf(record))?.applied;
    if (!applied) return false;
    return offset < applied.watermark || applied.runs.some(([first, last]) => offset >= first && offset <= last);
  }

  /** The log took a commit: everything below it must be durable, and what it emitted must be in the log. */
  checkCommit(partition: TopicPartition, committed: number): void {
    this.update();
    const at = placeOf(partition);
    const records = this.#history.sent.filter((s) => placeOf(s) === at);
    let i = this.#checked.get(at) ?? 0;
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
    this.#checked.set(at, i);
  }
}

/** The rows of the simulator's own that a group wrote. */
const probed = ({ effects }: LaneGroup) =>
  effects
    .filter(({ effect }) => effect.table.name === probe.name)
    .map(({ effect }) => ('row' in effect ? effect.row : effect.key) as unknown as { key: string; event_id: string });
