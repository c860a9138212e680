import { error } from '../errors/index.ts';
import type { CompiledFlow } from '../flow/compile.ts';
import type { Flow } from '../flow/flow.ts';
import { type CallContext, idempotencyKey, type Lookup, type Once, type OutsideCall } from '../flow/outside.ts';
import type { Guard, TargetState } from '../guard/port.ts';
import type { HeldRow } from '../state/port.ts';
import { Claims } from './claims.ts';
import { Journal } from './journal.ts';
import { type Flight, Lookups } from './lookups.ts';
import type { EnginePorts } from './options.ts';
import { isRefusal } from './overload.ts';
import type { EngineTurn } from './turn.ts';

/** The guards' own longest wait for a place, and what their timers may be late. */
const queueMs = 30_000;
const slackMs = 1_000;

/**
 * What the turns of one flow do outside: calls through the guards of their targets, cached look-ups, claims of ids.
 * One for all partitions of a worker: a target does not care which partition a patient is in.
 */
export class Outside {
  readonly #flow: string;
  readonly #sessionTimeoutMs: number;
  readonly #guards = new Map<string, Guard>();
  /** Node → its target. */
  readonly #targets = new Map<string, string>();
  readonly #journal: Journal;
  readonly #lookups: Lookups;
  readonly claims: Claims;

  private constructor(flow: Flow<unknown>, compiled: CompiledFlow, ports: EnginePorts, sessionTimeoutMs: number) {
    this.#flow = flow.name;
    this.#sessionTimeoutMs = sessionTimeoutMs;
    for (const [node, target] of compiled.reaches) this.#targets.set(node, target);
    this.#journal = new Journal(flow.name, ports);
    this.#lookups = new Lookups(flow.name, ports);
    this.claims = new Claims(flow, compiled, ports);
  }

  /** AORTA_GUARD_012 without the ports that the flow needs, AORTA_GUARD_004 for a target that another flow declares otherwise. */
  static async open(flow: Flow<unknown>, compiled: CompiledFlow, ports: EnginePorts, sessionTimeoutMs: number): Promise<Outside> {
    const { guards, keyed } = ports;
    if (compiled.targets.length > 0 && !guards) throw error('AORTA_GUARD_012', { flow: flow.name, port: 'guards' });
    if (compiled.dedupes.size > 0 && !keyed) throw error('AORTA_GUARD_012', { flow: flow.name, port: 'keyed' });
    const found = await Promise.all(compiled.targets.map((target) => (guards as NonNullable<typeof guards>).use(target)));
    const outside = new Outside(flow, compiled, ports, sessionTimeoutMs);
    for (const guard of found) outside.#guards.set(guard.target.name, guard);
    return outside;
  }

  /** States of the targets that this flow reaches. */
  states(): readonly TargetState[] {
    return [...this.#guards.values()].map((guard) => guard.state);
  }

  /** The target that a node reaches. */
  guardAt(node: string | null): Guard | undefined {
    const target = node === null ? undefined : this.#targets.get(node);
    return target === undefined ? undefined : this.#guards.get(target);
  }

  /** Milliseconds for which a row held for its target need not be tried: the guard would refuse it at once. */
  heldBackMs({ reason, operator }: HeldRow): number {
    return reason === 'breaker' || reason === 'limiter' ? (this.guardAt(operator)?.waitMs() ?? 0) : 0;
  }

  async call(turn: EngineTurn, node: string, call: OutsideCall): Promise<unknown> {
    const guard = this.#guards.get(call.target) as Guard;
    const child = turn.nth(node);
    const key = idempotencyKey(this.#flow, node, call.key === undefined ? { eventId: turn.root.eventId, child } : { key: call.key });
    if (call.journal) {
      const kept = await turn.wait(node, queueMs, () => this.#journal.read(turn, node, key));
      if (kept) return kept.value;
    }
    const { deadlineMs } = call;
    const budgetMs = deadlineMs + queueMs + (guard.target.limiter?.waitMs ?? 0) + slackMs;
    let value: unknown;
    try {
      value = await turn.wait(node, budgetMs, (signal) =>
        guard.run({
          signal,
          deadlineMs,
          work: (own) => {
            if (!call.readOnly) this.#notFenced(turn, deadlineMs);
            return turn.runs(call.work(contextOf(turn, own, key, call.target)));
          },
        }),
      );
    } catch (cause) {
      if (call.fallback && !turn.dead && guard.target.onOpen === 'fallback' && isRefusal(cause)) return call.fallback(turn.ctx);
      throw cause;
    }
    if (call.journal) await turn.wait(node, queueMs, () => this.#journal.write(turn, node, key, value));
    return value;
  }

  lookup(turn: EngineTurn, node: string, lookup: Lookup): Promise<unknown> {
    const guard = lookup.target === undefined ? undefined : this.#guards.get(lookup.target);
    const { deadlineMs } = lookup;
    const budgetMs = guard ? deadlineMs + queueMs + (guard.target.limiter?.waitMs ?? 0) + slackMs : deadlineMs;
    const find = (flight: Flight): Promise<unknown> => {
      const { signal } = flight.abort;
      return guard ? guard.run({ signal, deadlineMs, work: (own) => flight.runs(lookup.work(own)) }) : flight.runs(lookup.work(signal));
    };
    return turn.wait(node, budgetMs, (signal) => this.#lookups.find(turn, node, lookup, signal, find));
  }

  once(turn: EngineTurn, node: string, id: string, options: Once): Promise<boolean> {
    return turn.wait(node, queueMs, () => this.claims.once(turn, node, id, options));
  }

  /** Should the session end before the call does, another owner may be making it already. */
  #notFenced(turn: EngineTurn, deadlineMs: number): void {
    const leftMs = Math.round(this.#sessionTimeoutMs - turn.lane.host.heartbeatAgeMs());
    if (deadlineMs > leftMs) throw error('AORTA_GUARD_009', { flow: this.#flow, deadlineMs, leftMs });
  }
}

// Field by field: the turn's context is a class whose getters a spread would not carry.
const contextOf = ({ ctx }: EngineTurn, signal: AbortSignal, key: string, target: string): CallContext => ({
  key: ctx.key,
  eventId: ctx.eventId,
  now: ctx.now,
  source: ctx.source,
  signal,
  flowHash: ctx.flowHash,
  attempt: ctx.attempt,
  idempotencyKey: key,
  target,
});
