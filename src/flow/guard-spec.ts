import { tap } from 'rxjs';
import type { OperatorSpec } from './operator.ts';

/** An operator that says something about a target: values pass through it as they are. */
export const guardSpec = (kind: 'rateLimit' | 'breaker'): OperatorSpec => ({
  kind,
  ack: 'reuse',
  stateful: false,
  external: false,
  terminal: false,
  endsPath: false,
  asynchronous: false,
  step: (_node, next) => next,
  rx: () => tap(),
});
