import { branch, breaker, call, dedupe, defineTarget, type Operator, pipe, rateLimit, type TargetOptions } from 'aorta';
import type { Entry } from './entry.ts';

/** What a row wants between the log and the list; given to the workers as JSON in FAULT_OUTSIDE. */
export interface OutsideOptions {
  /** Entries are recognised by their id, with claims in Redis. */
  readonly dedupe?: boolean;
  /** Every entry is posted there before it is appended. */
  readonly url?: string;
  readonly target?: TargetOptions;
  /** Calls a second that all workers share. */
  readonly quota?: number;
  /** The entries of each tenth patient go to a system of their own, `/far`; the others to `/near`. */
  readonly far?: boolean;
}

export const isFar = (patient: string): boolean => patient.endsWith('0');

const nothing: Operator<Entry, Entry> = (source) => source;

/** Calls by the product's own operators. */
export function outside({ url, target = {}, quota, far, ...more }: OutsideOptions): Operator<Entry, Entry> {
  const post = (name: string): Operator<Entry, Entry> => {
    const system = defineTarget(name, target);
    const send = call(
      `post-${name}`,
      system,
      async (entry: Entry, { key, signal, idempotencyKey }) => {
        const response = await fetch(`${url}/${name}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'idempotency-key': idempotencyKey,
            'x-worker': String(process.pid),
            'x-sent': String(Number(process.hrtime.bigint()) / 1e6),
          },
          body: JSON.stringify({ patient: key, id: entry.id, seq: entry.seq }),
          signal,
        });
        if (!response.ok) throw response;
        await response.arrayBuffer();
        return entry;
      },
      { key: 'derived' },
    );
    const guarded = pipe(breaker<Entry>(system, {}), send);
    return quota === undefined ? guarded : pipe(rateLimit<Entry>(system, { requests: quota }), guarded);
  };
  const once = more.dedupe ? dedupe('once', (entry: Entry) => entry.id) : nothing;
  if (url === undefined) return once;
  if (!far) return pipe(once, post('near'));
  return pipe(once, branch('where', { far: [(_, ctx) => isFar(ctx.key), post('far')], otherwise: post('near') }));
}
