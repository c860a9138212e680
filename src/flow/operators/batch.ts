import { concatMap, defer, from } from 'rxjs';
import { classOf, error } from '../../errors/index.ts';
import { deadlineOf, extend, type Flow } from '../flow.ts';
import type { BatchItem, BatchPlan } from '../joined.ts';
import type { FlowNode, Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import type { Turn } from '../turn.ts';

async function join({ id, impl: { plan } }: FlowNode, value: unknown, turn: Turn): Promise<unknown> {
  turn.at = id;
  return turn.join(id, plan, value);
}

export const batchSpec: OperatorSpec = {
  kind: 'batch',
  ack: 'reuse',
  stateful: false,
  external: true,
  terminal: false,
  endsPath: true,
  asynchronous: true,
  step: (node, next) => async (value, turn) => next(await join(node, value, turn), turn),
  rx: (node, turn) => concatMap((value) => defer(() => from(join(node, value, turn)))),
};

/** The outcome of an item that failed while others of its batch went well. */
export class ItemFailure {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
    Object.freeze(this);
  }
}

/**
 * In the place of an item's result: this one failed, and the others are done. Its patient is retried, held or parked as
 * the error's class says; in a later batch it stands beside others.
 */
export const itemFailed = (cause: unknown): ItemFailure => new ItemFailure(cause);

export interface BatchOptions {
  /** Most items in one call; 2 to 10,000. */
  readonly max: number;
  /** Milliseconds that the first item waits for others; 1 to 30,000. It is added to the latency of a quiet flow. */
  readonly within: number;
  /** Milliseconds of running time of one call; waiting for others does not count. @default the flow's `deadlineMs`, 30_000 */
  readonly deadlineMs?: number;
  /** It only reads: repeating it changes nothing outside, so the path keeps its guarantee. @default false */
  readonly readOnly?: boolean;
}

function planOf(source: Flow<unknown>, fn: BatchPlan['run'], { max, within, deadlineMs }: BatchOptions): BatchPlan {
  const between = (value: number, least: number, most: number) => Number.isInteger(value) && value >= least && value <= most;
  const refuse = (problem: string) => error('AORTA_FLOW_001', { flow: source.name, problem });
  if (!between(max, 2, 10_000)) throw refuse('max of a batch is a whole number from 2 to 10,000');
  if (!between(within, 1, 30_000)) throw refuse('within of a batch is 1 to 30,000 milliseconds: longer waits belong to the held list');
  return { max, within, deadlineMs: deadlineOf(source, deadlineMs), run: fn };
}

/**
 * One call for several values of different patients: `fn` gets at most `max` items of one partition, at most one of each
 * patient, `within` milliseconds after the first one, and gives one result for each, in their order. Each item then goes
 * on alone, with its own result, in its own turn: order within a patient is kept, and one that fails (`itemFailed(error)`)
 * fails alone. Where the whole call is refused (an error of class Permanent, Decode or Defect), it is made again with
 * halves of the items until the culprit stands alone; what would pass (Transient, Overload) fails all of them, and each
 * is tried again by its rule.
 *
 * While it waits for others, `aorta why` says `batch` and until when; a drain flushes it. After a crash an item may be
 * sent again, beside others: each `eventId` is an idempotency key, the batch as a whole has none. What follows is
 * `write`, `to`, `rekey`, `call` and pure operators (AORTA_LINT_047); state belongs before it, or behind a topic or lane.
 * Errors: AORTA_FLOW_023 (not one result for each item), AORTA_ENGINE_003 (deadline).
 *
 * @example
 * ```ts
 * import { batch, flow, to, topic } from 'aorta';
 * const vitals = topic<{ code: string }>('vitals', 'bytes');
 * const named = topic<string>('named', 'string');
 * export default flow('name-codes').from(vitals).pipe(
 *   batch('terminology', async (items, signal) => {
 *     const body = JSON.stringify(items.map(({ value }) => value.code));
 *     const response = await fetch('https://terminology.example/codes', { method: 'POST', body, signal });
 *     return (await response.json()) as string[];
 *   }, { max: 100, within: 50, readOnly: true }),
 *   to(named),
 * );
 * ```
 */
export function batch<A, B>(
  name: string,
  fn: (items: readonly BatchItem<A>[], signal: AbortSignal) => PromiseLike<readonly (B | ItemFailure)[]>,
  options: BatchOptions,
): Operator<A, B> {
  const position = callerPosition();
  return (source) => {
    const plan = planOf(source, fn as BatchPlan['run'], options);
    const { max, within, deadlineMs } = plan;
    return extend(source, batchSpec, {
      name,
      options: { max, within, deadlineMs, ...(options.readOnly ? { readOnly: true } : {}) },
      impl: { plan },
      position,
    });
  };
}

/** One result an item, in their order: a value, or why this one failed. */
export function outcomesOf(node: string, count: number, results: unknown): readonly unknown[] {
  if (!Array.isArray(results) || results.length !== count) throw error('AORTA_FLOW_023', { node, count });
  return results;
}

/** The call is refused for what is in it: a part of it may be good. */
export const mayBeOneItem = (cause: unknown): boolean => ['Permanent', 'Decode', 'Defect'].includes(classOf(cause));
