import type { Actor, TimerRequest } from '../../src/flow/actor.ts';
import type { Context } from '../../src/flow/context.ts';
import type { BatchPlan } from '../../src/flow/joined.ts';
import { ItemFailure } from '../../src/flow/operators/batch.ts';
import { idempotencyKey, type Lookup, type Once, type OutsideCall } from '../../src/flow/outside.ts';
import type { Topic } from '../../src/flow/topic.ts';
import type { Turn } from '../../src/flow/turn.ts';
import type { Effect } from '../../src/state/table.ts';

export const context = (over: Partial<Context> = {}): Context => ({
  key: 'p1',
  eventId: 'e1',
  now: 1_700_000_000_000,
  source: { topic: 'in', partition: 0, offset: 7 },
  signal: new AbortController().signal,
  flowHash: 'test',
  attempt: 1,
  ...over,
});

/** A Turn that writes down everything that operators do to it, in order, and keeps the count of unsettled children. */
export class RecordingTurn implements Turn {
  readonly ctx: Context;
  at = '';
  readonly log: unknown[] = [];
  open = 1;
  readonly states = new Map<string, unknown>();
  readonly #actors: ReadonlyMap<string, Actor<unknown, unknown, unknown>>;
  readonly #abort = new AbortController();
  readonly #ids = new Set<string>();
  readonly #counts = new Map<string, number>();

  constructor(actors: ReadonlyMap<string, Actor<unknown, unknown, unknown>> = new Map(), ctx: Context = context()) {
    this.#actors = actors;
    this.ctx = ctx;
  }

  /** Discards the turn: every wait rejects. */
  discard(reason: Error): void {
    this.#abort.abort(reason);
  }

  derive(children: number): void {
    this.open += children - 1;
    this.log.push(['derive', this.at, children]);
  }

  skip(node: string, reason: string): void {
    this.open -= 1;
    this.log.push(['skip', node, reason]);
  }

  done(): void {
    this.open -= 1;
    this.log.push(['done', this.at]);
  }

  write(node: string, effects: Effect | readonly Effect[]): void {
    this.log.push(['write', node, structuredClone(effects)]);
  }

  emit(node: string, topic: Topic<unknown>, value: unknown, key?: string): void {
    this.log.push(['emit', node, topic.name, structuredClone(value), ...(key === undefined ? [] : [key])]);
  }

  handOver(node: string, lane: string, value: unknown): void {
    this.log.push(['hand over', node, lane, structuredClone(value)]);
  }

  async join(node: string, plan: BatchPlan, value: unknown): Promise<unknown> {
    this.log.push(['join', node, plan.max, plan.within, plan.deadlineMs]);
    const { key, eventId, now, attempt } = this.ctx;
    const [result] = await plan.run([{ value, key, eventId, now, attempt }], this.#abort.signal);
    if (result instanceof ItemFailure) throw result.cause;
    return result;
  }

  state(node: string): unknown {
    return this.states.get(node) ?? this.#actors.get(node)?.initial(this.ctx.key);
  }

  setState(node: string, state: unknown): void {
    if (state === null) this.states.delete(node);
    else this.states.set(node, structuredClone(state));
    this.log.push(['state', node, structuredClone(state)]);
  }

  setTimer(node: string, timer: TimerRequest): void {
    this.log.push(['timer', node, structuredClone(timer)]);
  }

  /** As if nothing stood between the flow and the outside. */
  async call(node: string, call: OutsideCall): Promise<unknown> {
    const child = this.#nth(node);
    const key = idempotencyKey('test', node, call.key === undefined ? { eventId: this.ctx.eventId, child } : { key: call.key });
    const { target, deadlineMs, journal, readOnly } = call;
    this.log.push(['call', node, { target, deadlineMs, journal, readOnly, key }]);
    return this.wait(node, deadlineMs, (signal) => call.work({ ...this.ctx, signal, idempotencyKey: key, target }));
  }

  async lookup(node: string, { key, deadlineMs, target, cache, work }: Lookup): Promise<unknown> {
    this.log.push(['lookup', node, { key, target, cache }]);
    return this.wait(node, deadlineMs, work);
  }

  async once(node: string, id: string, options: Once): Promise<boolean> {
    this.log.push(['once', node, id, { ...options }]);
    const seen = `${node}/${id}`;
    if (this.#ids.has(seen)) return false;
    this.#ids.add(seen);
    return true;
  }

  #nth(node: string): number {
    const count = this.#counts.get(node) ?? 0;
    this.#counts.set(node, count + 1);
    return count;
  }

  async wait<T>(node: string, deadlineMs: number, work: (signal: AbortSignal) => PromiseLike<T>): Promise<T> {
    this.log.push(['wait', node, deadlineMs]);
    const { signal } = this.#abort;
    signal.throwIfAborted();
    const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    return Promise.race([work(signal), aborted]);
  }
}
