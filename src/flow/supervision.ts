import type { ErrorClass } from '../errors/index.ts';

/** Waits between tries, in milliseconds. */
export type RetryPolicy =
  | { readonly kind: 'ladder'; readonly delaysMs: readonly number[] }
  | { readonly kind: 'backoff'; readonly baseMs: number; readonly maxMs: number; readonly attempts: number };

/** What happens when the tries are used up, or at once where there is no retry. */
export type LastResort =
  | { readonly then: 'park' }
  | { readonly then: 'deadLetter' }
  | { readonly then: 'skip'; readonly reason: string }
  | { readonly then: 'fail' };

export interface Rule {
  readonly retry?: RetryPolicy;
  readonly last: LastResort;
}

/** One rule per error class; a class left out takes the default (SEMANTICS.md, Failure). */
export type Supervision = { readonly [C in Exclude<ErrorClass, 'Fenced' | 'Cancelled'>]?: Rule };

const seconds = 1000;
const minutes = 60 * seconds;

export const retry = {
  /** The brief's ladder: 5 s, 30 s, 2 min, 10 min, 30 min. */
  ladder: { kind: 'ladder', delaysMs: [5 * seconds, 30 * seconds, 2 * minutes, 10 * minutes, 30 * minutes] } as RetryPolicy,
  /** Exponential with full jitter: uniform in 0…min(max, base·2ⁿ). */
  backoff: (baseMs: number, maxMs: number, attempts: number): RetryPolicy => ({ kind: 'backoff', baseMs, maxMs, attempts }),
};

// biome-ignore lint/suspicious/noThenProperty: a word, not a function: `await` never takes it for a promise.
export const park: LastResort = { then: 'park' };
// biome-ignore lint/suspicious/noThenProperty: a word, not a function: `await` never takes it for a promise.
export const deadLetter: LastResort = { then: 'deadLetter' };
// biome-ignore lint/suspicious/noThenProperty: a word, not a function: `await` never takes it for a promise.
export const fail: LastResort = { then: 'fail' };
// biome-ignore lint/suspicious/noThenProperty: a word, not a function: `await` never takes it for a promise.
export const skipWith = (reason: string): LastResort => ({ then: 'skip', reason });

/** The rule for an error class in a flow of that order. */
export function ruleFor(errorClass: Exclude<ErrorClass, 'Fenced' | 'Cancelled'>, order: 'strict' | 'tolerant', own?: Supervision): Rule {
  const declared = own?.[errorClass];
  if (declared) return declared;
  const bad: LastResort = order === 'tolerant' ? deadLetter : park;
  switch (errorClass) {
    case 'Transient':
      return { retry: retry.ladder, last: park };
    case 'Overload':
      return { retry: { kind: 'backoff', baseMs: 1 * seconds, maxMs: 1 * minutes, attempts: Number.POSITIVE_INFINITY }, last: park };
    case 'Permanent':
    case 'Decode':
      return { last: bad };
    case 'Defect':
      return { last: park };
  }
}

/** Milliseconds to wait before try number `attempt + 1`; `undefined` when the tries are used up. */
export function delayBefore(policy: RetryPolicy | undefined, attempt: number, random: () => number): number | undefined {
  if (!policy) return undefined;
  if (policy.kind === 'ladder') return policy.delaysMs[attempt - 1];
  if (attempt > policy.attempts) return undefined;
  return random() * Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(attempt - 1, 30));
}
