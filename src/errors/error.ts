/** How supervision treats a failure (SEMANTICS.md, Failure). */
export type ErrorClass = 'Decode' | 'Permanent' | 'Transient' | 'Overload' | 'Fenced' | 'Cancelled' | 'Defect';

export interface ErrorSpec {
  /** Default class of errors with this code. */
  readonly class: ErrorClass;
  /** One sentence with `{name}` places, filled from the error's `details`. Never holds PHI. */
  readonly message: string;
  /** What a person can do about it. */
  readonly remedy: string;
}

/**
 * Every error our code throws. `code` is stable and never reused; `details` fill the message and never hold PHI.
 * Make one with the `error()` of `src/errors/index.ts`, which checks the code against the table.
 */
export class AortaError extends Error {
  readonly code: string;
  readonly class: ErrorClass;
  readonly details: Readonly<Record<string, string | number | boolean>>;
  /** For Overload and Transient: do not try again before this many milliseconds. */
  readonly retryAfterMs?: number;

  constructor(
    code: string,
    errorClass: ErrorClass,
    message: string,
    details: Readonly<Record<string, string | number | boolean>> = {},
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(`${message} [${code}]`, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'AortaError';
    this.code = code;
    this.class = errorClass;
    this.details = details;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}
