import { concatMap, EMPTY } from 'rxjs';
import type { FlowNode, OperatorSpec, Position } from '../operator.ts';
import type { Skip } from '../skip.ts';

/** The end of a branch that was given `skip('reason')` in place of an operator. */
export const skippedSpec: OperatorSpec = {
  kind: 'skip',
  ack: 'sink',
  stateful: false,
  external: false,
  terminal: true,
  endsPath: true,
  asynchronous: false,
  step:
    ({ id, impl: { reason } }) =>
    (_value, turn) => {
      turn.at = id;
      turn.skip(id, reason);
    },
  rx: ({ id, impl: { reason } }, turn) =>
    concatMap(() => {
      turn.at = id;
      turn.skip(id, reason);
      return EMPTY;
    }),
};

export const skippedNode = (branch: string, label: string, { reason }: Skip, position: Position | undefined): FlowNode =>
  Object.freeze({ spec: skippedSpec, id: `${branch}:${label}/skip`, name: undefined, options: { reason }, position, impl: { reason } });
