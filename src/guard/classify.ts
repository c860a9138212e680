import { AortaError, error } from '../errors/index.ts';
import { retryAfter } from '../http/retry-after.ts';

/** What a failed answer looks like: a fetch `Response`, or whatever a client library throws with a status. */
interface Answer {
  readonly status: number;
  readonly headers?: { get(name: string): string | null } | Readonly<Record<string, unknown>>;
}

const isAnswer = (value: unknown): value is Answer => {
  const status = (value as { status?: unknown } | null | undefined)?.status;
  return typeof status === 'number' && Number.isInteger(status) && status >= 100 && status < 600;
};

/** Refused connections, resets, unknown hosts, and what undici and TLS say when the other side goes away. */
const unreachable = /^(E(CONN|HOST|NET|PIPE|TIMEDOUT|AI_AGAIN|NOTFOUND)|UND_ERR_|ERR_SOCKET|ERR_TLS|CERT_|EPROTO)/;

/**
 * The failure of an HTTP answer, by its status alone (bodies may quote data): 408, 425, 429 and 5xx are `Transient` with
 * what Retry-After asks for, 501 and other 4xx are `Permanent`. `undefined` for 1xx to 3xx.
 *
 * @example
 * ```ts
 * import { httpFailure } from 'aorta';
 * const response = await fetch('https://ehr.example/Patient/1');
 * const failure = httpFailure(response, Date.now());
 * if (failure) throw failure;
 * ```
 */
export function httpFailure(answer: { readonly status: number; readonly headers?: unknown }, now: number): AortaError | undefined {
  const { status } = answer;
  if (status < 400) return undefined;
  if (status !== 501 && (status >= 500 || status === 408 || status === 425 || status === 429)) {
    const retryAfterMs = retryAfter(headerOf(answer as Answer, 'retry-after'), now);
    return error('AORTA_GUARD_006', { status }, retryAfterMs === undefined ? {} : { retryAfterMs });
  }
  return error('AORTA_GUARD_007', { status });
}

function headerOf({ headers }: Answer, name: string): string | null {
  if (typeof headers !== 'object' || headers === null) return null;
  if (typeof (headers as { get?: unknown }).get === 'function') return (headers as { get(name: string): string | null }).get(name);
  for (const [key, value] of Object.entries(headers)) if (key.toLowerCase() === name) return String(value);
  return null;
}

/** What a call threw, with its class. Ours keep theirs; what is not known to be the outside's fault stays as it is. */
export function classified(thrown: unknown, now: number): unknown {
  if (thrown instanceof AortaError) return thrown;
  const answered = [thrown, (thrown as { response?: unknown } | null)?.response].find(isAnswer) ?? statusCode(thrown);
  if (answered) return httpFailure(answered, now) ?? thrown;
  for (let cause = thrown, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    const { code } = cause as NodeJS.ErrnoException;
    if (typeof code === 'string' && unreachable.test(code)) return error('AORTA_GUARD_008', { problem: code }, { cause: thrown });
    if (cause.name === 'TimeoutError') return error('AORTA_GUARD_008', { problem: 'its own time-out' }, { cause: thrown });
  }
  return thrown;
}

/** `statusCode`, as older clients have it. */
function statusCode(thrown: unknown): Answer | undefined {
  const { statusCode: status, headers } = (thrown ?? {}) as { statusCode?: unknown; headers?: Answer['headers'] };
  const answer = { status, ...(headers ? { headers } : {}) };
  return thrown instanceof Error && isAnswer(answer) ? answer : undefined;
}

/** A `Response` that is not ok is a failure, although fetch resolved. Its body is given up, or its connection would be kept. */
export function failedAnswer(result: unknown, now: number): AortaError | undefined {
  if (!(result instanceof Response) || result.ok) return undefined;
  const failure = httpFailure(result, now);
  if (failure && !result.bodyUsed) void result.body?.cancel().catch(() => {});
  return failure;
}
