import type { Dispatcher } from 'undici';
import type { HttpResponse } from './http.ts';

/** The answer is longer than it may be. */
export class TooLarge extends Error {}

/** What is sent: the request's parts as undici takes them. */
export interface Sent {
  readonly origin: string;
  readonly path: string;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * One request and its whole answer, on undici's dispatch: its `request` makes a stream of each body, which costs more
 * than everything else about a read of some kilobytes. What goes beyond `maxBytes` is not kept and ends the connection,
 * whatever its Content-Length said; nothing is inflated, so that bytes are what comes over the wire.
 *
 * Rejects with the signal's reason as soon as it is aborted. One that waits for a connection then is left in undici's
 * queue until it has one or connecting times out, and is given up there before anything is sent.
 */
export function exchange(dispatcher: Dispatcher, sent: Sent, maxBytes: number, signal: AbortSignal): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let headers: Readonly<Record<string, string | string[] | undefined>> = {};
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onAbort = () => {
      reject(signal.reason);
      controller?.abort(signal.reason);
    };
    const ended = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    dispatcher.dispatch(sent, {
      onRequestStart(own) {
        controller = own;
        if (signal.aborted) own.abort(signal.reason);
      },
      onResponseStart(own, code, given) {
        // Another 1xx may come before the answer.
        if (code < 200) return;
        [status, headers] = [code, given];
        if (Number(given['content-length'] ?? 0) > maxBytes) own.abort(new TooLarge());
      },
      onResponseData(own, chunk) {
        bytes += chunk.length;
        if (bytes > maxBytes) own.abort(new TooLarge());
        else chunks.push(chunk);
      },
      onResponseEnd() {
        ended();
        resolve({ status, headers: plain(headers), text: textOf(chunks) });
      },
      onResponseError(_own, thrown) {
        ended();
        reject(thrown);
      },
    });
  });
}

/** UTF-8, without the byte order mark that some servers put first. */
function textOf(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  if (first === undefined) return '';
  const whole = chunks.length === 1 ? first : Buffer.concat(chunks);
  const marked = whole[0] === 0xef && whole[1] === 0xbb && whole[2] === 0xbf;
  return whole.toString('utf8', marked ? 3 : 0);
}

function plain(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) out[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return out;
}
