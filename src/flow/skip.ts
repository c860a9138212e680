import { reasonName } from './name.ts';

/** A value that ends here, on purpose and by name: it settles `skipped(reason)`. Also a last resort of supervision. */
export class Skip {
  // biome-ignore lint/suspicious/noThenProperty: a word, not a function: `await` never takes it for a promise.
  readonly then = 'skip';
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reasonName(reason);
    Object.freeze(this);
  }
}

const made = new Map<string, Skip>();

/**
 * Ends a value with a named reason: returned from `filterMap`, given to a branch, or as a rule's last resort. The reason
 * is a metric label: lower-case letters, digits and dashes, never data of the record (AORTA_FLOW_002).
 *
 * @example
 * ```ts
 * import { filterMap, flow, skip, to, topic } from 'aorta';
 * const results = topic<{ status: string; value: number }>('results', 'bytes');
 * const finals = topic<number>('finals', 'int');
 * export default flow('finals').from(results).pipe(
 *   filterMap('final-only', (r) => (r.status === 'F' ? r.value : skip('preliminary'))),
 *   to(finals),
 * );
 * ```
 */
export function skip(reason: string): Skip {
  let value = made.get(reason);
  if (!value) {
    value = new Skip(reason);
    // Reasons are few and fixed; the bound keeps a flow that makes them up from growing the map.
    if (made.size < 1000) made.set(reason, value);
  }
  return value;
}
