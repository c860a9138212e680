import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import type { Clock } from '../../clock/clock.ts';

export interface ApiOptions {
  /** Base URL with path, such as http://127.0.0.1:8080/apis/ccompat/v7. */
  readonly url: string;
  readonly auth?: { readonly username: string; readonly password: string };
  /** Milliseconds for one request with its whole body. @default 5_000 */
  readonly requestTimeoutMs?: number;
  readonly clock: Clock;
}

/** The registry answered with an error (`status`), or did not answer (`status` 0). Never leaves this folder. */
export class ApiFailure extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  /** Worth another try: no answer, overload, a server's error. */
  get transient(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

interface Answer<T> {
  data(): T;
}

/** The client inside the library: every route, of which its public methods reach only some. A test holds its shape. */
export interface Api {
  readonly Schema: { find(_: { id: number }): Promise<Answer<{ schema: string; schemaType?: string; references?: readonly unknown[] }>> };
  readonly Subject: {
    all(_?: object): Promise<Answer<readonly string[]>>;
    latestVersion(_: { subject: string }): Promise<Answer<{ id: number; subject: string; version: number; schema: string }>>;
    registered(_: { subject: string; body: { schema: string } }): Promise<Answer<{ id: number }>>;
    register(_: { subject: string; body: { schema: string } }): Promise<Answer<{ id: number }>>;
    config(_: { subject: string }): Promise<Answer<{ compatibilityLevel: string }>>;
    updateConfig(_: { subject: string; body: { compatibility: string } }): Promise<unknown>;
    compatible(_: { subject: string; body: { schema: string } }): Promise<Answer<{ is_compatible: boolean; messages?: readonly string[] }>>;
  };
}

interface Request {
  url(): string;
  method(): string;
  headers(): Record<string, string>;
  body(): unknown;
}

/**
 * The library's client over our own transport, which is its outermost middleware and never calls the next one. That
 * neutralises what the library does below it: no time-out, network failures that look like status 400, and a retry whose
 * settings are one mutable object shared by every instance in the process (we pass none, so we do not write to it either).
 */
export function registryApi(options: ApiOptions): { api: Api; stop: () => void } {
  const stopping = new AbortController();
  const authorization = options.auth && `Basic ${Buffer.from(`${options.auth.username}:${options.auth.password}`).toString('base64')}`;
  const transport = () => ({
    response: (_next: unknown, _renew: unknown, request: Request) => send(request),
  });

  const send = async (request: Request): Promise<Answer<unknown>> => {
    const abort = new AbortController();
    const cancel = options.clock.after(options.requestTimeoutMs ?? 5_000, () => abort.abort(new Error('no answer in time')));
    try {
      const body = request.body();
      const response = await fetch(request.url(), {
        method: request.method().toUpperCase(),
        headers: { ...request.headers(), ...(authorization ? { authorization } : {}) },
        signal: AbortSignal.any([abort.signal, stopping.signal]),
        ...(typeof body === 'string' ? { body } : {}),
      });
      const text = await response.text();
      if (!response.ok) throw new ApiFailure(response.status, `status ${response.status}${detail(text)}`);
      const data: unknown = text === '' ? {} : JSON.parse(text);
      return { data: () => data };
    } catch (cause) {
      if (cause instanceof ApiFailure) throw cause;
      const reason = abort.signal.aborted
        ? 'no answer in time'
        : cause instanceof SyntaxError
          ? 'the answer is not JSON'
          : networkReason(cause);
      throw new ApiFailure(0, reason);
    } finally {
      cancel();
    }
  };

  const library = new SchemaRegistry({ host: options.url.replace(/\/+$/, ''), middlewares: [transport as never] });
  return { api: library['api'] as unknown as Api, stop: () => stopping.abort(new Error('closed')) };
}

/** The registry's own sentence, if it sent one. */
function detail(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? `: ${message.slice(0, 500)}` : '';
  } catch {
    return '';
  }
}

function networkReason(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? ((inner as { code?: string }).code ?? inner.message) : 'network failure';
}
