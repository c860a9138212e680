import { type AortaError, error } from '../errors/index.ts';
import type { TimerRequest } from '../flow/actor.ts';
import type { Context } from '../flow/context.ts';
import type { BatchPlan } from '../flow/joined.ts';
import type { Lookup, Once, OutsideCall } from '../flow/outside.ts';
import type { Topic } from '../flow/topic.ts';
import type { Turn } from '../flow/turn.ts';
import type { EffectWrite, HeldWrite, OutboxRecord, StateWrite, SuspectWrite, TimerWrite } from '../state/port.ts';
import type { Effect, Source } from '../state/table.ts';
import { Ack, type Settlement, settledDone } from './ack.ts';
import type { OpenClaim } from './claims.ts';
import type { CommitItem } from './group-commit.ts';
import { type Handover, handover, inputBytes } from './handover.ts';
import type { Lane } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import type { Emission } from './outbox.ts';
import type { Outside } from './outside.ts';
import type { Root } from './root.ts';
import { textBytes } from './text-bytes.ts';

const none: readonly never[] = [];

class TurnContext implements Context {
  readonly #turn: EngineTurn;
  constructor(turn: EngineTurn) {
    this.#turn = turn;
  }
  get key(): string {
    return this.#turn.root.key;
  }
  get eventId(): string {
    return this.#turn.root.eventId;
  }
  get now(): number {
    return this.#turn.root.timestamp;
  }
  get source(): Context['source'] {
    const { topic, partition } = this.#turn.lane.ref;
    return { topic, partition, offset: this.#turn.root.offset };
  }
  get signal(): AbortSignal {
    return this.#turn.signal;
  }
  get flowHash(): string {
    return this.#turn.lane.program.hash;
  }
  get attempt(): number {
    return this.#turn.root.attempt;
  }
}

/**
 * One root's pass through the lane. What it decides is collected here and handed to the group commit when it ends;
 * a dead turn (deadline, revoke, discard) refuses everything.
 */
export class EngineTurn implements Turn, CommitItem, Emission {
  readonly lane: Lane;
  /** A running one that is moved to the held list goes on as its row's. */
  root: Root;
  readonly mailbox: Mailbox | undefined;
  readonly ctx: Context;
  at: string;
  readonly ack = new Ack();
  states: StateWrite[] | undefined;
  effects: EffectWrite[] | undefined;
  timers: TimerWrite[] | undefined;
  outbox: OutboxRecord[] | undefined;
  held: HeldWrite[] | undefined;
  /** Inputs of independent lanes. */
  handed: Handover[] | undefined;
  suspects: readonly SuspectWrite[] = none;
  redrivesDone: readonly string[] = none;
  dead: AortaError | undefined;
  /** Taken back with an earlier turn of its patient; it runs again. */
  withdrawn = false;
  /** Its timer was moved or cancelled after it fired: there is nothing to do and nothing to delete. */
  timerMoved = false;
  /** Id of the merge for which the patient is to be held at this place. */
  holdsFor: string | undefined;
  settlement: Settlement = settledDone;
  /** Its results of batches, by node and child; from the try before, if a guard refused what stands behind them. */
  joined: Map<string, unknown> | undefined;
  /** Milliseconds since 1970: until when it waits for others of its batch. */
  batchedUntil: number | undefined;
  /** Called when the turn is ended from outside. */
  onEnd: (() => void) | undefined;
  /** Set while an asynchronous step runs: since when, and at which node. */
  runningSince: number | undefined;
  /** Monotonic: when the step that runs is aborted; undefined between steps with a deadline. */
  deadlineAt: number | undefined;
  /** The newest node that made several values of one: who did not settle them, should some stay open. */
  derivedAt: string | undefined;
  /** Ids that it let pass: hashes, for a second child with the same one, and their claims. */
  ids: Set<string> | undefined;
  claims: OpenClaim[] | undefined;
  /** As the root's; it may have been given another one meanwhile. */
  journaled: readonly StateWrite[] | undefined;
  #nth: Map<string, number> | undefined;
  /** The newest function of the flow, until it is known to have ended: one runs at a time, and behind one that failed none. */
  #work: PromiseLike<unknown> | undefined;
  #abort: AbortController | undefined;
  #source: Source | undefined;
  #emitted = 0;
  /** Of what it writes, as far as it is known: bounds the transaction. */
  #bytes = 0;

  constructor(lane: Lane, root: Root, mailbox: Mailbox | undefined) {
    this.lane = lane;
    this.root = root;
    this.mailbox = mailbox;
    this.at = lane.ref.topic;
    this.ctx = new TurnContext(this);
  }

  // ---- as an emission without a row (outbox.ts) ----

  get group(): undefined {
    return undefined;
  }

  get records(): readonly OutboxRecord[] {
    return this.outbox ?? none;
  }

  sent(): void {
    this.lane.settle(this.root, this.settlement);
  }

  get alone(): boolean {
    return this.mailbox?.alone ?? false;
  }

  get size(): number {
    return this.root.size + 256 + this.#bytes;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.dead && !this.#abort.signal.aborted) this.#abort.abort(this.dead);
    return this.#abort.signal;
  }

  get source(): Source {
    this.#source ??= { eventId: this.root.eventId, flowHash: this.lane.program.hash, version: this.lane.program.version };
    return this.#source;
  }

  /** Its root goes to the held list and is tried again without an operator. */
  get comesAgain(): boolean {
    return this.held?.some((write) => write.op !== 'remove' && write.row.due !== null) ?? false;
  }

  /** Something of it must be written in a transaction. */
  get transactional(): boolean {
    return Boolean(
      this.states || this.effects || this.timers || this.held || this.handed || this.suspects.length || this.redrivesDone.length,
    );
  }

  derive(children: number): void {
    this.#alive();
    if (children === 0) this.skip(this.at, 'empty');
    else {
      this.ack.derive(children);
      if (children > 1) this.derivedAt = this.at;
    }
  }

  skip(node: string, reason: string): void {
    this.#alive();
    this.lane.metrics.skipped(node, reason);
    this.ack.settle({ kind: 'skipped', reason }, this.lane.ref.flow, this.at);
  }

  done(): void {
    this.#alive();
    this.ack.settle(settledDone, this.lane.ref.flow, this.at);
  }

  write(_node: string, effects: Effect | readonly Effect[]): void {
    this.#alive();
    this.effects ??= [];
    if (Array.isArray(effects)) for (const effect of effects as readonly Effect[]) this.#write(effect);
    else this.#write(effects as Effect);
  }

  #write(effect: Effect): void {
    this.#bytes += 256 + textBytes('row' in effect ? effect.row : effect.op === 'update' ? effect.set : undefined);
    this.effects?.push({ effect, source: this.source });
  }

  /** Inputs go to their lanes, timers of an actor with several sources to the first one's. */
  get elsewhere(): readonly CommitItem[] | undefined {
    const { timerLane } = this.lane;
    if (!this.handed && (!this.timers || timerLane === this.lane)) return undefined;
    const items: CommitItem[] = [];
    if (this.timers && timerLane !== this.lane) items.push({ ...timerLane.mark({}), timers: this.timers });
    for (const [lane, inputs] of Map.groupBy(this.handed ?? [], (input) => input.lane))
      items.push(lane.mark({ held: inputs.map(({ row }) => ({ op: 'add', row })) }));
    return items;
  }

  handOver(node: string, lane: string, value: unknown): void {
    this.#alive();
    this.handOverBytes(node, lane, inputBytes(node, lane, value));
  }

  handOverBytes(node: string, lane: string, bytes: Buffer): void {
    this.handed ??= [];
    const nth = this.handed.reduce((count, input) => count + (input.lane.ref.lane === lane ? 1 : 0), 0);
    this.#bytes += bytes.length + 256;
    this.handed.push(handover(this.lane, this.root, node, lane, bytes, nth));
  }

  emit(node: string, topic: Topic<unknown>, value: unknown, key = this.root.key): void {
    this.#alive();
    this.at = node;
    const sink = this.lane.program.sink(topic);
    const bytes = sink.serde.serialize(value);
    if (bytes.length > this.lane.options.maxRecordBytes) {
      throw error('AORTA_ENGINE_008', {
        topic: topic.name,
        flow: this.lane.ref.flow,
        size: bytes.length,
        limit: this.lane.options.maxRecordBytes,
      });
    }
    this.emitBytes(topic.name, sink.partitionOf(key), key, bytes, {
      eventId: `${this.root.eventId}:${node}:${this.#emitted++}`,
    });
  }

  emitBytes(
    topic: string,
    partition: number,
    key: string,
    value: Buffer | null,
    headers: Record<string, string>,
    timestamp = this.root.timestamp,
  ): void {
    const traceparent = this.root.headers['traceparent'];
    if (traceparent) headers['traceparent'] = traceparent.toString();
    this.#bytes += (value?.length ?? 0) + 256;
    // A dead letter, or what is forwarded as it came: it may wait for long, and is not to keep all that was read with it.
    const own = value && value === this.root.value ? this.lane.slabs.own(value) : value;
    const record = { topic, partition, key, value: own, headers, timestamp };
    if (this.outbox) this.outbox.push(record);
    else this.outbox = [record];
  }

  state(node: string): unknown {
    // A dead turn must not get hold of what its successor works on.
    this.#alive();
    return this.#cell(node).value;
  }

  setState(node: string, state: unknown): void {
    this.#alive();
    this.#cell(node).value = state;
  }

  setTimer(node: string, timer: TimerRequest): void {
    this.#alive();
    this.timers ??= [];
    const payload = timer.payload === undefined ? null : Buffer.from(JSON.stringify(timer.payload));
    this.#bytes += (payload?.length ?? 0) + 256;
    this.timers.push({
      node,
      key: this.root.key,
      name: timer.name,
      due: timer.at,
      payload,
      eventId: this.root.eventId,
    });
  }

  join(node: string, plan: BatchPlan, value: unknown): Promise<unknown> {
    this.#alive();
    this.at = node;
    const place = `${node}/${this.nth(node)}`;
    if (this.joined?.has(place)) return Promise.resolve(this.joined.get(place));
    return new Promise((resolve, reject) => {
      this.#onKill = reject;
      const settle = (then: () => void) => {
        this.#onKill = undefined;
        this.onEnd = undefined;
        if (this.dead) reject(this.dead);
        else {
          this.at = node;
          then();
        }
      };
      this.lane.batches.add(this, node, plan, value).then(
        (result) =>
          settle(() => {
            this.#work = undefined;
            this.joined ??= new Map();
            this.joined.set(place, result);
            resolve(result);
          }),
        // At its deadline its function goes on.
        (cause) => settle(() => reject(cause)),
      );
    });
  }

  /** Its batch is called now: it runs, until the function has come to its end. */
  called(ended: Promise<unknown>): void {
    this.batchedUntil = undefined;
    this.runningSince ??= this.lane.ports.clock.monotonic();
    this.#work = ended;
  }

  /**
   * A function of the flow runs, inside what a step waits for: what a guard or a look-up makes of it ends at its deadline
   * and with the signal, and the function may go on. Returns what is to be awaited in its place: a thenable that is no
   * promise may begin anew whenever somebody asks it.
   */
  runs<T>(work: PromiseLike<T>): Promise<T> {
    const promise = Promise.resolve(work);
    this.#work = promise;
    return promise;
  }

  /**
   * Calls back when no function of the flow works for this turn any more, perhaps at once. A dead turn's may go on, as
   * nobody can stop one that does not look at its signal; one whose promise is never settled is never quiet.
   */
  whenQuiet(then: () => void): void {
    const work = this.#work;
    if (!work) return then();
    const ended = () => {
      if (this.#work === work) this.#work = undefined;
      this.whenQuiet(then);
    };
    work.then(ended, ended);
  }

  wait<T>(node: string, deadlineMs: number, work: (signal: AbortSignal) => PromiseLike<T>): Promise<T> {
    this.#alive();
    this.at = node;
    const { clock } = this.lane.ports;
    this.runningSince ??= clock.monotonic();
    return new Promise<T>((resolve, reject) => {
      let ended: (() => void) | undefined;
      this.deadlineAt = clock.monotonic() + deadlineMs;
      const cancel = clock.after(deadlineMs, () => {
        ended = this.lane.host.watch.hung(this, node);
        this.kill(error('AORTA_ENGINE_003', { operator: node, flow: this.lane.ref.flow, deadlineMs }));
        reject(this.dead);
      });
      this.#onKill = reject;
      let settled = false;
      let running: PromiseLike<T> | undefined;
      const settle = (then: () => void) => {
        // What is not a promise of the language may settle twice.
        if (settled) return;
        settled = true;
        if (this.#work === running) this.#work = undefined;
        cancel();
        ended?.();
        this.deadlineAt = undefined;
        this.#onKill = undefined;
        if (this.dead) reject(this.dead);
        else {
          this.at = node;
          then();
        }
      };
      this.#work = undefined;
      try {
        running = work(this.signal);
        // What it waits for may have begun with the function by now.
        this.#work ??= running;
        running.then(
          (value) =>
            settle(() => {
              this.#work = undefined;
              resolve(value);
            }),
          (cause) => settle(() => reject(cause)),
        );
      } catch (cause) {
        settle(() => reject(cause));
      }
    });
  }

  call(node: string, call: OutsideCall): Promise<unknown> {
    return this.#outside(node).call(this, node, call);
  }

  lookup(node: string, lookup: Lookup): Promise<unknown> {
    return this.#outside(node).lookup(this, node, lookup);
  }

  once(node: string, id: string, options: Once): Promise<boolean> {
    return this.#outside(node).once(this, node, id, options);
  }

  /** How many children of this turn have come to the node: the same in every run of the record. */
  nth(node: string): number {
    this.#nth ??= new Map();
    const count = this.#nth.get(node) ?? 0;
    this.#nth.set(node, count + 1);
    return count;
  }

  #outside(node: string): Outside {
    this.#alive();
    this.at = node;
    return this.lane.ports.outside as Outside;
  }

  #onKill: ((reason: unknown) => void) | undefined;

  /** Ends the turn from outside: its context refuses everything from now on and its signal is aborted. */
  kill(reason: AortaError): void {
    if (this.dead) return;
    this.dead = reason;
    if (this.claims) this.lane.ports.outside?.claims.release(this);
    this.#abort?.abort(reason);
    this.#onKill?.(reason);
    this.onEnd?.();
  }

  /** Collects what actors left behind; called once, when the step ended well. */
  seal(): void {
    const cells = this.mailbox?.cells;
    if (!cells) return;
    for (const cell of cells) if (cell.dirty) cell.encode();
    for (const cell of cells) {
      if (!cell.dirty) continue;
      const { value, version } = cell.seal();
      this.#bytes += value?.length ?? 0;
      const write = { store: cell.store, key: this.root.key, value, version, source: this.source };
      if (this.states) this.states.push(write);
      else this.states = [write];
    }
  }

  durable(): void {
    if (this.claims) this.lane.ports.outside?.claims.confirm(this);
    this.lane.turns.durable(this);
  }

  rejected(cause: unknown): void {
    if (this.claims) this.lane.ports.outside?.claims.release(this);
    this.lane.turns.rejected(this, cause);
  }

  #cell(node: string) {
    const cell = this.mailbox?.cells?.find(({ store }) => store === node);
    if (!cell) throw new Error(`no state loaded for ${node}`);
    return cell;
  }

  #alive(): void {
    if (this.dead) throw this.dead;
  }
}
