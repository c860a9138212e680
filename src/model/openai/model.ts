import type { Clock } from '../../clock/clock.ts';
import { AortaError, error } from '../../errors/index.ts';
import { retryAfter } from '../../http/retry-after.ts';
import { estimateTokens, type Model, type ModelEvent, type ModelRequest, requestText } from '../port.ts';
import { messagesOf } from './messages.ts';
import { dataLines } from './sse.ts';

export interface OpenAiOptions {
  /** `https://api.openai.com/v1`; `/chat/completions` is below it. */
  readonly baseUrl: string;
  readonly model: string;
  /** Bearer key; asked for at each call, so that it can be exchanged. */
  readonly key?: () => Promise<string>;
  readonly clock: Clock;
  /** Milliseconds without a byte. @default 15_000 */
  readonly idleMs?: number;
}

interface Chunk {
  readonly model?: unknown;
  readonly choices?: readonly { readonly delta?: { readonly content?: unknown }; readonly finish_reason?: unknown }[];
  readonly usage?: { readonly prompt_tokens?: unknown; readonly completion_tokens?: unknown } | null;
}

/** What a call can have used. Less than nothing would be given back to the day's budget, and no counter takes it. */
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= 1e9;

/**
 * Any server that speaks the chat completions protocol with `stream: true`. No tools are offered and none are taken:
 * of a chunk only its text is read. Follows no redirect. One attempt: who asks decides whether to ask again.
 */
export function openAiModel({ baseUrl, model, key, clock, idleMs = 15_000 }: OpenAiOptions): Model {
  const url = `${baseUrl.replace(/\/+$/, '')}/chat/completions`;
  const provider = new URL(url).origin;

  return {
    provider,
    name: model,
    version: model,
    async *stream(request, { signal }): AsyncIterable<ModelEvent> {
      const idle = new AbortController();
      let cancel = () => {};
      const heard = () => {
        cancel();
        cancel = clock.after(idleMs, () => idle.abort(error('AORTA_MODEL_007', { provider, ms: idleMs })));
      };
      heard();
      try {
        const both = AbortSignal.any([signal, idle.signal]);
        const response = await send(request, both);
        if (!response.ok || !response.body) throw await refused(response);
        yield* events(request, dataLines(response.body, heard));
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        if (idle.signal.aborted) throw idle.signal.reason;
        if (thrown instanceof AortaError) throw thrown;
        // By code: the message of a library may quote what was sent.
        const cause = (thrown as { cause?: { code?: unknown } }).cause?.code;
        throw error(
          'AORTA_MODEL_001',
          { provider, problem: typeof cause === 'string' ? cause : 'the connection broke' },
          { cause: thrown },
        );
      } finally {
        cancel();
        idle.abort();
      }
    },
  };

  async function send(request: ModelRequest, signal: AbortSignal): Promise<Response> {
    const bearer = await key?.();
    return fetch(url, {
      method: 'POST',
      redirect: 'error',
      signal,
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
      body: JSON.stringify({
        ...{ model, stream: true, stream_options: { include_usage: true }, temperature: 0 },
        ...{ max_tokens: request.maxOutputTokens, messages: messagesOf(request) },
      }),
    });
  }

  async function refused(response: Response): Promise<AortaError> {
    await response.body?.cancel().catch(() => {});
    const { status, headers } = response;
    const retryAfterMs = retryAfter(headers.get('retry-after'), clock.now());
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    if (status === 429) return error('AORTA_MODEL_003', { provider }, wait);
    if (status >= 500 || status === 408) return error('AORTA_MODEL_001', { provider, problem: `status ${status}` }, wait);
    return error('AORTA_MODEL_002', { provider, status });
  }

  async function* events(request: ModelRequest, lines: AsyncIterable<string>): AsyncIterable<ModelEvent> {
    let [inputTokens, outputTokens, said] = [estimateTokens(requestText(request)), 0, 0];
    let [reason, version, whole]: ['stop' | 'length', string | undefined, boolean] = ['stop', undefined, false];
    for await (const line of lines) {
      if (line === '[DONE]') {
        whole = true;
        break;
      }
      const { model: answered, choices, usage } = parsed(line);
      // It becomes a FHIR string: never empty.
      if (typeof answered === 'string' && answered.trim() !== '') version = answered.trim().slice(0, 100);
      if (isCount(usage?.prompt_tokens)) inputTokens = usage.prompt_tokens;
      if (isCount(usage?.completion_tokens)) outputTokens = usage.completion_tokens;
      const [choice] = Array.isArray(choices) ? choices : [];
      if (choice?.finish_reason === 'length') reason = 'length';
      if (typeof choice?.finish_reason === 'string') whole = true;
      const text = choice?.delta?.content;
      if (typeof text !== 'string' || text === '') continue;
      said += estimateTokens(text);
      yield { kind: 'text', text };
      // A server that does not keep to max_tokens.
      if (said > request.maxOutputTokens * 2) {
        [reason, whole] = ['length', true];
        break;
      }
    }
    // A connection that ends in the middle of a sentence looks like an answer otherwise.
    if (!whole) throw error('AORTA_MODEL_001', { provider, problem: 'the answer was cut off' });
    yield {
      kind: 'end',
      reason,
      usage: { inputTokens, outputTokens: outputTokens || said },
      ...(version === undefined ? {} : { version }),
    };
  }

  function parsed(line: string): Chunk {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === 'object' && value !== null && !('error' in value)) return value as Chunk;
    } catch {
      // The parser's message quotes the text.
    }
    throw error('AORTA_MODEL_001', { provider, problem: 'a part of the answer is not valid' });
  }
}
