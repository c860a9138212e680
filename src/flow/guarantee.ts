import type { Flow } from './flow.ts';
import { isStateful, nodesOf } from './nodes.ts';
import type { FlowNode } from './operator.ts';

/**
 * What a path promises for its effects, best first:
 * - `effects exactly once`: all of them join the turn's transaction (state, rows, outbox).
 * - `at least once with deterministic ids`: after a crash one may be repeated, with the same event id.
 * - `at most once`: a supervision rule gives up on failures that would pass; an effect may never happen.
 */
export type Guarantee = 'effects exactly once' | 'at least once with deterministic ids' | 'at most once';

/** Best to worst: the guarantee of a whole flow is the worst of its paths. */
export const guarantees: readonly Guarantee[] = ['effects exactly once', 'at least once with deterministic ids', 'at most once'];

export interface PathGuarantee {
  /** `null`: the path has no effect (it ends in a skip). */
  readonly guarantee: Guarantee | null;
  /** One sentence per reason for it, naming the node. */
  readonly because: readonly string[];
}

/** Writes records to a topic. */
export const isSink = ({ spec }: FlowNode): boolean => spec.kind === 'to' || spec.kind === 'rekey';

/** Changes something outside the turn. */
const reachesOut = ({ spec, options }: FlowNode): boolean => spec.external && options['readOnly'] !== true;

/** Has a durable effect, or one on the outside. */
export const hasEffect = (node: FlowNode): boolean => node.spec.stateful || reachesOut(node) || node.spec.kind === 'write' || isSink(node);

/** The independent lane in which a path ends. */
function laneOf(path: readonly FlowNode[]): string | undefined {
  const at = path.findIndex(({ spec }) => spec.lanes);
  return path[at]?.branches?.find(({ chain }) => chain[0] === path[at + 1])?.label;
}

const passing = ['Transient', 'Overload', 'Defect'] as const;

/** The guarantee of one path of a flow, computed from its operators and from the flow's supervision. */
export function guaranteeOf(flow: Flow<unknown>, path: readonly FlowNode[]): PathGuarantee {
  const effects = path.filter(hasEffect);
  if (effects.length === 0) return { guarantee: null, because: ['no effect'] };
  const stateful = isStateful(nodesOf(flow));
  const repeated = effects.flatMap((node) => {
    const { id, spec } = node;
    if (reachesOut(node)) return [`${spec.kind} '${id}' may be called again after a crash, with the same event id`];
    if (isSink(node) && !stateful)
      return [`${spec.kind} '${id}' may be written again after a crash, with the same event id: a stateless flow has no outbox`];
    return [];
  });
  const given = passing
    .filter((name) => flow.options.onFailure?.[name]?.last.then === 'skip')
    .map((name) => `${name} failures are skipped by the flow's rule`);
  if (repeated.length > 0)
    return { guarantee: 'at least once with deterministic ids', because: [...repeated, ...given.map((rule) => `except that ${rule}`)] };
  if (given.length > 0) return { guarantee: 'at most once', because: given };
  const lane = laneOf(path);
  const turn = lane === undefined ? "the turn's transaction" : `the transactions of the turn and of lane '${lane}'`;
  return { guarantee: 'effects exactly once', because: [`${effects.map(({ id }) => `'${id}'`).join(', ')} in ${turn}`] };
}
