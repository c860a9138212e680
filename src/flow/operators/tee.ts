import { concat, concatMap, defer, of, tap } from 'rxjs';
import { error } from '../../errors/index.ts';
import { extend, innerChain } from '../flow.ts';
import { labelName, nodeName } from '../name.ts';
import type { FlowNode, Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import { sequence } from '../sequence.ts';
import type { Turn } from '../turn.ts';

export const teeSpec: OperatorSpec = {
  kind: 'tee',
  ack: 'derive',
  stateful: false,
  external: false,
  terminal: true,
  endsPath: true,
  asynchronous: false,
  step({ id, branches = [] }, next, compile) {
    const steps = branches.map(({ chain }) => compile(chain, next));
    return (value, turn) => {
      turn.at = id;
      if (steps.length > 1) turn.derive(steps.length);
      return sequence(steps.length, (index) => steps[index]?.(value, turn));
    };
  },
  rx({ id, branches = [] }, turn, chain) {
    const pipelines = branches.map((branch) => chain(branch.chain, turn));
    return concatMap((value) => {
      turn.at = id;
      if (pipelines.length > 1) turn.derive(pipelines.length);
      return concat(...pipelines.map((pipeline) => defer(() => of(value).pipe(pipeline))));
    });
  },
};

function handOver({ id, branches = [] }: FlowNode, value: unknown, turn: Turn): void {
  turn.at = id;
  for (const { label } of branches) turn.handOver(id, label, value);
}

/** With independent lanes: the branches are compiled as entries of their own. */
export const lanesSpec: OperatorSpec = {
  kind: 'tee',
  ack: 'sink',
  stateful: false,
  external: false,
  terminal: true,
  endsPath: true,
  asynchronous: false,
  lanes: true,
  step: (node, next) => (value, turn) => {
    handOver(node, value, turn);
    return next(value, turn);
  },
  // The branches are no part of the turn: its reference ends here.
  rx: (node, turn) => (source) =>
    source.pipe(
      tap((value) => {
        handOver(node, value, turn);
        turn.done();
      }),
    ),
};

export interface TeeOptions {
  /** `turn`: all branches in the one turn. `independent`: each in turns of its own. @default 'turn' */
  readonly lanes?: 'turn' | 'independent';
}

type Branches<A> = { readonly [label: string]: Operator<A, unknown> };

/**
 * Gives every value to every branch; nothing may follow.
 *
 * By default in declared order, within the one turn: the record settles when all branches have, with the worst of their
 * settlements; a failure in one fails the turn, and nothing of it is applied. Branches share the value: do not change it
 * in place.
 *
 * With `lanes: 'independent'` each branch is a **lane**, named by its label: the turn stores the value as an input of
 * each lane, in its transaction, and settles. A lane takes its inputs in order per patient, in transactions of its own,
 * and has its own retries, held patients and parking: an EHR that is down never delays an alert. Inputs that wait are on
 * the held list (reason `lane`); at `maxHeld` of them the partition is not fed (`aorta why` says so). Values are stored,
 * so they are plain data (AORTA_FLOW_022). An actor belongs to one lane (AORTA_LINT_008); labels are unique in the flow
 * (AORTA_LINT_042); a lane has no lanes inside (AORTA_LINT_043). Two lanes have no mutual order.
 *
 * @example
 * ```ts
 * import { flow, map, pipe, tee, to, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * const rates = topic<number>('rates', 'int');
 * const archive = topic<{ heartRate: number }>('archive', 'bytes');
 * export default flow('copy').from(vitals).pipe(
 *   tee({ rates: pipe(map((v) => v.heartRate), to(rates)), archive: to(archive) }),
 * );
 * ```
 *
 * @example
 * ```ts
 * import { flow, mapAsync, pipe, tee, to, topic } from 'aorta';
 * const results = topic<{ code: string }>('results', 'bytes');
 * const alerts = topic<{ code: string }>('alerts', 'bytes');
 * const stored = topic<{ code: string }>('stored', 'bytes');
 * export default flow('results').from(results).pipe(
 *   tee({ ehr: pipe(mapAsync('post', async (r) => r), to(stored)), alert: to(alerts) }, { lanes: 'independent' }),
 * );
 * ```
 */
export function tee<A>(branches: Branches<A>, options?: TeeOptions): Operator<A, never>;
export function tee<A>(name: string, branches: Branches<A>, options?: TeeOptions): Operator<A, never>;
export function tee<A>(first: string | Branches<A>, second?: Branches<A> | TeeOptions, third?: TeeOptions): Operator<A, never> {
  const name = typeof first === 'string' ? first : undefined;
  const branches = (typeof first === 'string' ? second : first) as Branches<A>;
  const options = ((typeof first === 'string' ? third : second) ?? {}) as TeeOptions;
  const independent = options.lanes === 'independent';
  const position = callerPosition();
  return (source) => {
    const id = name === undefined ? `${source.chain.at(-1)?.id ?? source.path}/tee` : nodeName(source.name, name);
    const labels = Object.keys(branches);
    if (labels.length === 0) throw error('AORTA_FLOW_001', { flow: source.name, problem: `'${id}' has no branches` });
    return extend(source, independent ? lanesSpec : teeSpec, {
      name,
      ...(independent ? { options: { lanes: 'independent' } } : {}),
      impl: {},
      branches: labels.map((label) => ({
        label: labelName(source.name, id, label),
        chain: innerChain(source, id, label, branches[label] as Operator<never, unknown>),
      })),
      position,
    });
  };
}
