import { Agent, type Dispatcher } from 'undici';
import { AortaError, error } from '../../errors/index.ts';
import { exchange, TooLarge } from './exchange.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends it, in place of `timeoutMs`: whoever gives one has a deadline. */
  readonly signal?: AbortSignal;
  /** Bytes of the answer. @default that of the client */
  readonly maxBytes?: number;
  /** In errors, instead of the URL, which may hold PHI. @default the method */
  readonly what?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface HttpOptions {
  /** PEM. Client certificate and key for mutual TLS, and the authorities that may sign the server's. */
  readonly tls?: { readonly cert?: string; readonly key?: string; readonly ca?: string };
  /** Open connections to each server. @default 64 */
  readonly connections?: number;
  /** Requests that are under way or wait for a connection. More are refused (AORTA_EHR_007). @default 512 */
  readonly inFlight?: number;
  /** Milliseconds until the answer is whole. @default 10_000 */
  readonly timeoutMs?: number;
  /** Bytes of an answer. @default 4 MiB: parsing more at once holds everybody up */
  readonly largest?: number;
}

export interface HttpClient {
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

/**
 * HTTP on undici, for one party: kept-alive connections, TLS 1.2 or newer, mutual TLS where configured. Bounded in
 * time, size and number; follows no redirect, so that a token goes nowhere but where it was meant to.
 *
 * Errors: AORTA_EHR_001 (time), _002 (connection), _006 (too large), _007 (too many under way); aborts reject with the
 * signal's reason. A status is not an error here.
 */
export function createHttp(options: HttpOptions = {}): HttpClient {
  const { tls = {}, connections = 64, inFlight = 512, timeoutMs = 10_000, largest = 4 * 1024 * 1024 } = options;
  const agent = new Agent({
    connections,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connectTimeout: Math.min(timeoutMs, 5_000),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: { ...tls, minVersion: 'TLSv1.2' },
  });
  let under = 0;

  return {
    async send({ method, url, headers, body, signal, maxBytes = largest, what = method }) {
      if (under >= inFlight) throw error('AORTA_EHR_007', { count: under, what });
      // Headers and body have time-outs of their own; a server that sends a byte now and then is cut off by this one. Only
      // where the caller has none: a timer and a joined signal for each read were a tenth of its cost, and outlived it.
      const ends = signal ?? AbortSignal.timeout(timeoutMs);
      ends.throwIfAborted();
      const { origin, pathname, search } = new URL(url);
      const sent = { origin, path: `${pathname}${search}`, method: method as Dispatcher.HttpMethod, headers };
      under++;
      try {
        return await exchange(agent, body === undefined ? sent : { ...sent, body }, maxBytes, ends);
      } catch (thrown) {
        if (signal?.aborted) throw signal.reason;
        throw coded(thrown, what, timeoutMs);
      } finally {
        under--;
      }
    },
    close: () => agent.destroy(),
  };
}

/** Named by code: a library's message may quote what was sent. */
function coded(thrown: unknown, what: string, ms: number): AortaError {
  if (thrown instanceof AortaError) return thrown;
  if (thrown instanceof TooLarge) return error('AORTA_EHR_006', { what, problem: 'it is too large' }, { cause: thrown });
  const { name, code = 'unknown' } = thrown as { name?: string; code?: string };
  if (name === 'TimeoutError' || /TIMEOUT/.test(code)) return error('AORTA_EHR_001', { what, ms }, { cause: thrown });
  return error('AORTA_EHR_002', { what, problem: code }, { cause: thrown });
}
