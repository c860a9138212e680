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
import type { CommitItem } from './group-commit.ts';
import { type Handover, handover, inputBytes } from './handover.ts';
import type { Lane } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import type { Emission } from './outbox.ts';
import type { Outside } from './outside.ts';
import type { Root } from './root.ts';
import { textBytes } from './text-bytes.ts';
import { TurnSteps, TurnWrites } from './turn-parts.ts';

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
  outbox: OutboxRecord[] | undefined;
  #writes: TurnWrites | undefined;
  #steps: TurnSteps | undefined;
  dead: AortaError | undefined;
  /** Taken back with an earlier turn of its patient; it runs again. */
  withdrawn = false;
  settlement: Settlement = settledDone;
  /** The newest node that made several values of one: who did not settle them, should some stay open. */
  derivedAt: string | undefined;
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

  /** Undefined: it had no asynchronous step. */
  get steps(): TurnSteps | undefined {
    return this.#steps;
  }

  get ownSteps(): TurnSteps {
    this.#steps ??= new TurnSteps();
    return this.#steps;
  }

  get #own(): TurnWrites {
    this.#writes ??= new TurnWrites();
    return this.#writes;
  }

  // ---- as an item of a group (group-commit.ts) ----

  get states(): StateWrite[] | undefined {
    return this.#writes?.states;
  }
  set states(value: StateWrite[]) {
    this.#own.states = value;
  }
  get effects(): EffectWrite[] | undefined {
    return this.#writes?.effects;
  }
  set effects(value: EffectWrite[]) {
    this.#own.effects = value;
  }
  get timers(): TimerWrite[] | undefined {
    return this.#writes?.timers;
  }
  set timers(value: TimerWrite[]) {
    this.#own.timers = value;
  }
  get held(): HeldWrite[] | undefined {
    return this.#writes?.held;
  }
  set held(value: HeldWrite[]) {
    this.#own.held = value;
  }
  get handed(): Handover[] | undefined {
    return this.#writes?.handed;
  }
  set handed(value: Handover[]) {
    this.#own.handed = value;
  }
  get suspects(): readonly SuspectWrite[] {
    return this.#writes?.suspects ?? none;
  }
  set suspects(value: readonly SuspectWrite[]) {
    this.#own.suspects = value;
  }
  get timerMoved(): boolean {
    return this.#writes?.timerMoved ?? false;
  }
  set timerMoved(value: boolean) {
    this.#own.timerMoved = value;
  }
  get holdsFor(): string | undefined {
    return this.#writes?.holdsFor;
  }
  set holdsFor(id: string) {
    this.#own.holdsFor = id;
  }
  get redrivesDone(): readonly string[] {
    return none;
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
    const steps = this.ownSteps;
    steps.abort ??= new AbortController();
    if (this.dead && !steps.abort.signal.aborted) steps.abort.abort(this.dead);
    return steps.abort.signal;
  }

  get source(): Source {
    const { hash, version } = this.lane.program;
    this.#own.source ??= { eventId: this.root.eventId, flowHash: hash, version };
    return this.#own.source;
  }

  /** Its root goes to the held list and is tried again without an operator. */
  get comesAgain(): boolean {
    return this.held?.some((write) => write.op !== 'remove' && write.row.due !== null) ?? false;
  }

  /** Something of it must be written in a transaction. */
  get transactional(): boolean {
    return this.#writes?.any ?? false;
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
    this.#writes?.effects?.push({ effect, source: this.source });
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
    const nth = this.#emitted++;
    const eventId = this.root.eventId + (nth === 0 ? this.lane.program.firstAt(node) : `:${node}:${nth}`);
    this.emitBytes(topic.name, sink.partitionOf(key), key, bytes, { eventId });
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
    const steps = this.ownSteps;
    if (steps.joined?.has(place)) return Promise.resolve(steps.joined.get(place));
    return new Promise((resolve, reject) => {
      steps.onKill = reject;
      const settle = (then: () => void) => {
        steps.onKill = undefined;
        steps.onEnd = undefined;
        if (this.dead) reject(this.dead);
        else {
          this.at = node;
          then();
        }
      };
      this.lane.batches.add(this, node, plan, value).then(
        (result) =>
          settle(() => {
            steps.work = undefined;
            steps.joined ??= new Map();
            steps.joined.set(place, result);
            resolve(result);
          }),
        // At its deadline its function goes on.
        (cause) => settle(() => reject(cause)),
      );
    });
  }

  /** Its batch is called now: it runs, until the function has come to its end. */
  called(ended: Promise<unknown>): void {
    const steps = this.ownSteps;
    steps.batchedUntil = undefined;
    steps.runningSince ??= this.lane.ports.clock.monotonic();
    steps.work = ended;
  }

  /**
   * A function of the flow runs, inside what a step waits for: what a guard or a look-up makes of it ends at its deadline
   * and with the signal, and the function may go on. Returns what is to be awaited in its place: a thenable that is no
   * promise may begin anew whenever somebody asks it.
   */
  runs<T>(work: PromiseLike<T>): Promise<T> {
    const promise = Promise.resolve(work);
    this.ownSteps.work = promise;
    return promise;
  }

  /**
   * Calls back when no function of the flow works for this turn any more, perhaps at once. A dead turn's may go on, as
   * nobody can stop one that does not look at its signal; one whose promise is never settled is never quiet.
   */
  whenQuiet(then: () => void): void {
    const steps = this.#steps;
    const work = steps?.work;
    if (!work) return then();
    const ended = () => {
      if (steps.work === work) steps.work = undefined;
      this.whenQuiet(then);
    };
    work.then(ended, ended);
  }

  wait<T>(node: string, deadlineMs: number, work: (signal: AbortSignal) => PromiseLike<T>): Promise<T> {
    this.#alive();
    this.at = node;
    const { clock } = this.lane.ports;
    const steps = this.ownSteps;
    steps.runningSince ??= clock.monotonic();
    return new Promise<T>((resolve, reject) => {
      let ended: (() => void) | undefined;
      steps.deadlineAt = clock.monotonic() + deadlineMs;
      const cancel = clock.after(deadlineMs, () => {
        ended = this.lane.host.watch.hung(this, node);
        this.kill(error('AORTA_ENGINE_003', { operator: node, flow: this.lane.ref.flow, deadlineMs }));
        reject(this.dead);
      });
      steps.onKill = reject;
      let settled = false;
      let running: PromiseLike<T> | undefined;
      const settle = (then: () => void) => {
        // What is not a promise of the language may settle twice.
        if (settled) return;
        settled = true;
        if (steps.work === running) steps.work = undefined;
        cancel();
        ended?.();
        steps.deadlineAt = undefined;
        steps.onKill = undefined;
        if (this.dead) reject(this.dead);
        else {
          this.at = node;
          then();
        }
      };
      steps.work = undefined;
      try {
        running = work(this.signal);
        // What it waits for may have begun with the function by now.
        steps.work ??= running;
        running.then(
          (value) =>
            settle(() => {
              steps.work = undefined;
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
    const steps = this.ownSteps;
    steps.nth ??= new Map();
    const count = steps.nth.get(node) ?? 0;
    steps.nth.set(node, count + 1);
    return count;
  }

  #outside(node: string): Outside {
    this.#alive();
    this.at = node;
    return this.lane.ports.outside as Outside;
  }

  /** Ends the turn from outside: its context refuses everything from now on and its signal is aborted. */
  kill(reason: AortaError): void {
    if (this.dead) return;
    this.dead = reason;
    if (this.#steps?.claims) this.lane.ports.outside?.claims.release(this);
    this.#steps?.abort?.abort(reason);
    this.#steps?.onKill?.(reason);
    this.#steps?.onEnd?.();
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
    if (this.#steps?.claims) this.lane.ports.outside?.claims.confirm(this);
    this.lane.turns.durable(this);
  }

  rejected(cause: unknown): void {
    if (this.#steps?.claims) this.lane.ports.outside?.claims.release(this);
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
