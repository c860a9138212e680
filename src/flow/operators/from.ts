import { identity } from 'rxjs';
import type { OperatorSpec } from '../operator.ts';

/** The source of a flow: every record of its topic becomes a new root, in offset order per patient. */
export const fromSpec: OperatorSpec = {
  kind: 'from',
  ack: 'root',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: false,
  asynchronous: false,
  step: (_node, next) => next,
  rx: () => identity,
};
