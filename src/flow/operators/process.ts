import { concatMap, type Observable } from 'rxjs';
import { error } from '../../errors/index.ts';
import type { Actor, MergeContext, Reaction } from '../actor.ts';
import type { Context } from '../context.ts';
import { extend } from '../flow.ts';
import type { DueTimer, FlowNode, MergeEvent, Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import { fanOut, rxFanOut } from '../sequence.ts';
import type { Turn } from '../turn.ts';

type AnyActor = Actor<unknown, unknown, unknown>;
type AnyReaction = Reaction<unknown, unknown>;

const none: readonly never[] = [];

/** State and timers go to the turn; what is left are the emissions, or the reason why there are none. */
function decide(
  node: FlowNode,
  turn: Turn,
  react: (actor: AnyActor, state: unknown) => AnyReaction,
): { emit: readonly unknown[]; reason: string } {
  const { id, impl } = node;
  const actor: AnyActor = impl.actor;
  turn.at = id;
  const reaction: unknown = react(actor, turn.state(id));
  if (typeof reaction !== 'object' || reaction === null || 'then' in reaction) {
    throw error('AORTA_FLOW_007', { node: id, operator: 'process', expected: 'a reaction (and no promise)' });
  }
  const { state, timers, emit = none, skip = 'no-emission' } = reaction as AnyReaction;
  if (state !== undefined) turn.setState(id, state);
  if (timers)
    for (const timer of timers) {
      if (timer.at !== null && !actor.timer) throw error('AORTA_FLOW_006', { node: id });
      turn.setTimer(id, timer);
    }
  return { emit, reason: skip };
}

const onMessage = (node: FlowNode, value: unknown, turn: Turn) =>
  decide(node, turn, (actor, state) => actor.receive(state, value, turn.ctx));

// A timer may outlive the code that set it: it then ends by name, and the turn goes on.
const onTimer = (node: FlowNode, timer: DueTimer, turn: Turn) =>
  decide(node, turn, (actor, state) => actor.timer?.(state, timer, turn.ctx) ?? { skip: 'timer-without-handler' });

const mergeContext = (ctx: Context, peer: string): MergeContext => ({
  key: ctx.key,
  eventId: ctx.eventId,
  now: ctx.now,
  source: ctx.source,
  flowHash: ctx.flowHash,
  attempt: ctx.attempt,
  // Made only when asked for: an abort controller a turn would cost more than the turn.
  get signal() {
    return ctx.signal;
  },
  peer,
});

const onMerge = (node: FlowNode, event: MergeEvent, turn: Turn) =>
  decide(node, turn, (actor, state) => {
    const ctx = mergeContext(turn.ctx, event.key);
    switch (event.kind) {
      case 'merged-into':
        return actor.mergedInto?.(state, ctx) ?? { skip: 'merged-into' };
      case 'merge':
        if (!actor.merge) throw error('AORTA_FLOW_010', { node: node.id });
        return actor.merge(state, event.state ?? actor.initial(event.key), ctx);
      case 'unmerge': {
        if (!actor.unmerge) throw error('AORTA_FLOW_010', { node: node.id });
        const { restored, ...reaction } = actor.unmerge(state, event.state ?? actor.initial(event.key), ctx);
        event.restored?.(restored);
        return reaction;
      }
      case 'restored': {
        const given = event.state ?? actor.initial(turn.ctx.key);
        return { state: given, ...(actor.restored?.(given, ctx) ?? { skip: 'restored' }) };
      }
    }
  });

const emitted = (node: FlowNode, turn: Turn, { emit, reason }: ReturnType<typeof decide>): Observable<unknown> =>
  rxFanOut(node.id, emit, reason, turn);

export const processSpec: OperatorSpec = {
  kind: 'process',
  ack: 'derive',
  stateful: true,
  external: false,
  terminal: false,
  endsPath: true,
  asynchronous: false,
  step: (node, next) => (value, turn) => {
    const { emit, reason } = onMessage(node, value, turn);
    return fanOut(node.id, emit, reason, next, turn);
  },
  rx: (node, turn) => concatMap((value) => emitted(node, turn, onMessage(node, value, turn))),
  timerStep: (node, next) => (timer, turn) => {
    const { emit, reason } = onTimer(node, timer, turn);
    return fanOut(node.id, emit, reason, next, turn);
  },
  mergeStep: (node, next) => (event, turn) => {
    const { emit, reason } = onMerge(node, event, turn);
    return fanOut(node.id, emit, reason, next, turn);
  },
  timerRx: (node, turn) => concatMap((timer) => emitted(node, turn, onTimer(node, timer, turn))),
};

/**
 * Gives each value to the patient's actor. Its new state, its timers and everything it emits become durable in one
 * transaction, or none of it; the name is the store's. Emissions go on one after the other; none is `skipped` with the
 * reaction's reason, else `no-emission`. A timer's turn enters here, with the same downstream. Order within a patient is
 * kept. Errors: AORTA_FLOW_006 (a timer nobody handles), AORTA_FLOW_007 (no reaction).
 *
 * @example
 * ```ts
 * import { actor, flow, process, to, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * const silent = topic<string>('silent', 'string');
 * const watch = actor({
 *   version: 1,
 *   initial: () => ({ last: 0 }),
 *   receive: (_state, vital: { heartRate: number }, ctx) => ({
 *     state: { last: vital.heartRate },
 *     timers: [{ name: 'silence', at: ctx.now + 60_000 }],
 *     skip: 'watching',
 *   }),
 *   timer: (state) => ({ emit: [`no vital for a minute, last ${state.last}`] }),
 * });
 * export default flow('silence').from(vitals).pipe(process('watch', watch), to(silent));
 * ```
 */
export function process<S, In, Out>(store: string, actor: Actor<S, In, Out>): Operator<In, Out> {
  const position = callerPosition();
  return (source) =>
    extend(source, processSpec, {
      name: store,
      options: {
        stateVersion: actor.version,
        migrates: actor.migrate !== undefined,
        timers: actor.timer !== undefined,
        ...(actor.merge ? { merges: true } : {}),
      },
      impl: { actor },
      position,
    });
}
