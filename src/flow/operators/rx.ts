import { concatMap, defer, from, type OperatorFunction, of, take, toArray } from 'rxjs';
import { error } from '../../errors/index.ts';
import { deadlineOf, extend } from '../flow.ts';
import type { FlowNode, Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import { fanOut, rxFanOut } from '../sequence.ts';
import type { Turn } from '../turn.ts';

const empty = 'rx-empty';

/** All emissions for one value, collected: N must be known before the first child runs. `take` also stops an endless operator. */
const emissions = ({ impl: { operator }, options }: FlowNode, value: unknown) =>
  of(value).pipe(operator as OperatorFunction<unknown, unknown>, take((options['limit'] as number) + 1), toArray());

function bounded({ id, options }: FlowNode, values: readonly unknown[]): readonly unknown[] {
  const limit = options['limit'] as number;
  if (values.length > limit) throw error('AORTA_FLOW_005', { node: id, limit });
  return values;
}

const subscribed = (node: FlowNode, value: unknown, signal: AbortSignal): Promise<readonly unknown[]> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      subscription.unsubscribe();
      reject(signal.reason);
    };
    const subscription = emissions(node, value).subscribe({ next: resolve, error: reject });
    subscription.add(() => signal.removeEventListener('abort', stop));
    if (!subscription.closed) signal.addEventListener('abort', stop, { once: true });
  });

async function awaited(node: FlowNode, value: unknown, turn: Turn): Promise<readonly unknown[]> {
  turn.at = node.id;
  return bounded(node, await turn.wait(node.id, node.options['deadlineMs'] as number, (signal) => subscribed(node, value, signal)));
}

function immediate(node: FlowNode, value: unknown, turn: Turn): readonly unknown[] {
  turn.at = node.id;
  let outcome: { readonly values: readonly unknown[] } | { readonly thrown: unknown } | undefined;
  const subscription = emissions(node, value).subscribe({
    next: (values) => {
      outcome = { values };
    },
    error: (thrown) => {
      outcome = { thrown };
    },
  });
  if (!outcome) {
    subscription.unsubscribe();
    throw error('AORTA_FLOW_008', { node: node.id });
  }
  if ('thrown' in outcome) throw outcome.thrown;
  return bounded(node, outcome.values);
}

export const rxSpec: OperatorSpec = {
  kind: 'rx',
  ack: 'derive',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: false,
  asynchronous: true,
  step: (node, next) => async (value, turn) => fanOut(node.id, await awaited(node, value, turn), empty, next, turn),
  rx: (node, turn) =>
    concatMap((value) => defer(() => from(awaited(node, value, turn))).pipe(concatMap((values) => rxFanOut(node.id, values, empty, turn)))),
};

/** With `synchronous: true`: no promise, no deadline. */
export const rxSynchronousSpec: OperatorSpec = {
  ...rxSpec,
  asynchronous: false,
  step: (node, next) => (value, turn) => fanOut(node.id, immediate(node, value, turn), empty, next, turn),
  rx: (node, turn) => concatMap((value) => rxFanOut(node.id, immediate(node, value, turn), empty, turn)),
};

export interface RxOptions {
  /** Milliseconds of running time. @default the flow's `deadlineMs`, 30_000 */
  readonly deadlineMs?: number;
  /** Most emissions for one record; one more fails it (AORTA_FLOW_005). @default 10_000 */
  readonly limit?: number;
  /** The operator always completes at once: runs it without promise or deadline (AORTA_FLOW_008 if it does not). @default false */
  readonly synchronous?: boolean;
}

/**
 * Lifts any stock RxJS operator over one record: subscribes `of(value).pipe(operator)`. Its emissions are derived
 * children, in order, each run through all that follows before the next; no emission is `skipped('rx-empty')`, an error
 * fails the envelope. Emissions go on when it has completed. At the deadline, on revoke and when the turn is discarded it
 * is unsubscribed, and what does not end with that (a promise inside it) goes on unseen. It sees one record: operators over
 * many (`debounceTime`, `bufferCount`) find nothing to join. Calls to the outside belong in `mapAsync`, where the graph shows
 * them, and where one that ends the process late is found (SEMANTICS.md, Held patients).
 *
 * @example
 * ```ts
 * import { flow, rx, to, topic } from 'aorta';
 * import { filter, mergeMap, pipe } from 'rxjs';
 * const panels = topic<{ results: number[] }>('panels', 'bytes');
 * const results = topic<number>('results', 'int');
 * export default flow('split').from(panels).pipe(
 *   rx('positive', pipe(mergeMap((panel) => panel.results), filter((result) => result > 0)), { synchronous: true }),
 *   to(results),
 * );
 * ```
 */
export function rx<A, B>(operator: OperatorFunction<A, B>, options?: RxOptions): Operator<A, B>;
export function rx<A, B>(name: string, operator: OperatorFunction<A, B>, options?: RxOptions): Operator<A, B>;
export function rx<A, B>(
  first: string | OperatorFunction<A, B>,
  second?: OperatorFunction<A, B> | RxOptions,
  third?: RxOptions,
): Operator<A, B> {
  const [name, operator, options = {}] =
    typeof first === 'string' ? [first, second as OperatorFunction<A, B>, third] : [undefined, first, second as RxOptions | undefined];
  const position = callerPosition();
  const limit = options.limit ?? 10_000;
  return (source) =>
    options.synchronous
      ? extend(source, rxSynchronousSpec, { name, options: { limit, synchronous: true }, impl: { operator }, position })
      : extend(source, rxSpec, {
          name,
          options: { limit, deadlineMs: deadlineOf(source, options.deadlineMs) },
          impl: { operator },
          position,
        });
}
