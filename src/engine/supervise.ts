import { AortaError, classOf, type ErrorClass } from '../errors/index.ts';
import { delayBefore, ruleFor, type Supervision } from '../flow/supervision.ts';

/** What becomes of a failed turn. */
export type Verdict =
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'park' }
  | { readonly kind: 'deadLetter' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'fail' }
  | { readonly kind: 'fenced' };

export interface Failure {
  readonly class: ErrorClass;
  readonly code: string;
}

/** Class and code of anything thrown; the message of a foreign error may quote data, so only its name is taken. */
export function failureOf(cause: unknown): Failure {
  const errorClass = classOf(cause);
  if (cause instanceof AortaError) return { class: errorClass, code: cause.code };
  return { class: errorClass === 'Cancelled' ? 'Transient' : errorClass, code: cause instanceof Error ? cause.name : 'NonError' };
}

/**
 * The store is away, or others ask it for as much as it takes: it answers in a while, and the same question is asked again. A
 * repetition that is turned away tells nothing of the try before it, whose reply may have been lost.
 */
export function isPassing(cause: unknown): boolean {
  const { class: errorClass } = failureOf(cause);
  return errorClass === 'Transient' || errorClass === 'Overload';
}

/** Longer than this nobody is waited for, whatever Retry-After says. */
const mostAskedMs = 24 * 3_600_000;

/** Decides by the flow's supervision; a pure function of the failure and the number of tries so far. */
export function supervise(
  cause: unknown,
  attempt: number,
  order: 'strict' | 'tolerant',
  supervision: Supervision | undefined,
  random: () => number,
): Verdict {
  const failure = failureOf(cause);
  if (failure.class === 'Fenced') return { kind: 'fenced' };
  // A handler that threw an AbortError of its own (a timed-out request): the turn itself was not cancelled.
  const errorClass = failure.class === 'Cancelled' ? 'Transient' : failure.class;
  const rule = ruleFor(errorClass, order, supervision);
  const delay = delayBefore(rule.retry, attempt, random);
  if (delay !== undefined) {
    const asked = cause instanceof AortaError ? (cause.retryAfterMs ?? 0) : 0;
    return { kind: 'retry', delayMs: Math.max(delay, Math.min(asked, mostAskedMs)) };
  }
  const last = rule.last;
  return last.then === 'skip' ? { kind: 'skip', reason: last.reason } : { kind: last.then };
}
