import { concatMap, of } from 'rxjs';
import { error } from '../../errors/index.ts';
import type { Context } from '../context.ts';
import { extend, type Flow, innerChain } from '../flow.ts';
import { labelName } from '../name.ts';
import type { Branch, Operator, OperatorSpec } from '../operator.ts';
import { callerPosition } from '../position.ts';
import { Skip } from '../skip.ts';
import { skippedNode } from './skipped.ts';

type Guard<A, N> = ((value: A, ctx: Context) => value is N & A) | ((value: A, ctx: Context) => boolean);
type Case<A, N> = readonly [when: Guard<A, N>, then: Operator<NoInfer<N> & A, unknown> | Skip];

/** What `branch` takes: labels with a predicate and an operator each, tried in order, and `otherwise`. */
export type Cases<A, N> = {
  readonly [K in keyof N]: K extends 'otherwise' ? Operator<A, unknown> | Skip : Case<A, N[K]>;
} & { readonly otherwise: Operator<A, unknown> | Skip };

// By the object's own keys: where N cannot be inferred at all, `Cases` would demand nothing of them.
type Shape<C> = { readonly [K in keyof C]: K extends 'otherwise' ? unknown : readonly [when: unknown, then: unknown] };

/** What the branches emit; nothing for those that end in a sink or a skip. */
export type Emitted<C> = C extends readonly [unknown, infer P] ? Emitted<P> : C extends (source: never) => Flow<infer B> ? B : never;

type Predicate = (value: unknown, ctx: Context) => boolean;

/** The first branch whose predicate holds; the last one, `otherwise`, has none. */
function choose(predicates: readonly Predicate[], value: unknown, ctx: Context): number {
  let index = 0;
  while (index < predicates.length && !predicates[index]?.(value, ctx)) index++;
  return index;
}

export const branchSpec: OperatorSpec = {
  kind: 'branch',
  ack: 'move',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: true,
  asynchronous: false,
  step(node, next, compile) {
    const steps = node.branches?.map(({ chain }) => compile(chain, next)) ?? [];
    return (value, turn) => {
      turn.at = node.id;
      return steps[choose(node.impl.predicates, value, turn.ctx)]?.(value, turn);
    };
  },
  rx(node, turn, chain) {
    const pipelines = node.branches?.map((branch) => chain(branch.chain, turn)) ?? [];
    return concatMap((value) => {
      turn.at = node.id;
      const chosen = pipelines[choose(node.impl.predicates, value, turn.ctx)];
      return chosen ? of(value).pipe(chosen) : of();
    });
  },
};

/**
 * Sends each value down the first branch whose predicate holds, else down `otherwise`, which is required. A type guard
 * narrows inside its branch (annotate an inline guard's parameter: `(v: Vital) => v.kind === 'pulse'`). A branch is an
 * operator, several in `pipe(…)`, or `skip('reason')`. Branches that do not end in a sink rejoin: what follows gets the
 * union of what they emit. Order within a patient is kept; the acknowledgement moves to the branch.
 *
 * @example
 * ```ts
 * import { branch, flow, map, pipe, skip, to, topic } from 'aorta';
 * type Vital = { kind: 'pulse'; rate: number } | { kind: 'note'; text: string };
 * const vitals = topic<Vital>('vitals', 'bytes');
 * const alerts = topic<number>('alerts', 'int');
 * const isPulse = (v: Vital) => v.kind === 'pulse';
 * export default flow('alerts').from(vitals).pipe(
 *   branch('kind', {
 *     pulse: [isPulse, pipe(map((v) => v.rate), to(alerts))],
 *     otherwise: skip('not-a-pulse'),
 *   }),
 * );
 * ```
 */
export function branch<A, N, C>(name: string, cases: C & Cases<A, N> & Shape<C>): Operator<A, Emitted<C[keyof C]>> {
  const position = callerPosition();
  return (source) => {
    const labels = Object.keys(cases as object).filter((label) => label !== 'otherwise');
    const table = cases as unknown as Record<string, readonly [unknown, Operator<never, unknown> | Skip]>;
    const otherwise = (cases as { otherwise?: Operator<never, unknown> | Skip }).otherwise;
    const inside = (label: string, then: unknown): Branch => ({
      label: labelName(source.name, name, label),
      chain:
        then instanceof Skip
          ? [skippedNode(name, label, then, position)]
          : innerChain(source, name, label, then as Operator<never, unknown>),
    });
    const predicates = labels.map((label) => table[label]?.[0]);
    if (predicates.some((predicate) => typeof predicate !== 'function')) {
      throw error('AORTA_FLOW_001', { flow: source.name, problem: `each branch of '${name}' is [predicate, operator]` });
    }
    const branches = labels.map((label) => inside(label, table[label]?.[1]));
    // Without `otherwise` (possible from JavaScript only) a value that matches nothing still gets a name, and lint refuses the flow.
    branches.push(
      otherwise === undefined
        ? { label: 'otherwise', chain: [skippedNode(name, 'otherwise', unmatched, position)] }
        : inside('otherwise', otherwise),
    );
    return extend(source, branchSpec, {
      name,
      options: otherwise === undefined ? { otherwise: 'missing' } : {},
      impl: { predicates },
      branches,
      position,
    });
  };
}

const unmatched = new Skip('unmatched');
