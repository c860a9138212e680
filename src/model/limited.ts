import type { Clock } from '../clock/clock.ts';
import { AortaError, error } from '../errors/index.ts';
import type { Telemetry } from '../telemetry/port.ts';
import { estimateTokens, type Model, type ModelEvent, requestText, type Usage } from './port.ts';

export interface ModelLimits {
  /** Estimated tokens of a request. @default 12_000 */
  readonly maxInputTokens?: number;
  /** Cost of all calls of this process in one day (UTC), in the currency of `price`. @default none */
  readonly dailyCost?: number;
  /** For a million tokens. @default 0 */
  readonly price?: { readonly input: number; readonly output: number };
}

const day = 86_400_000;

/**
 * A model with bounds: size of a request, cost of a day. What a call may cost at most is set aside before it begins, so
 * that calls at the same time cannot pass the cap together; what it did not use is given back.
 *
 * Errors: AORTA_MODEL_004, AORTA_MODEL_005, and those of the model.
 */
export function limited(model: Model, limits: ModelLimits, { clock, telemetry }: { clock: Clock; telemetry: Telemetry }): Model {
  const { maxInputTokens = 12_000, dailyCost = Number.POSITIVE_INFINITY, price = { input: 0, output: 0 } } = limits;
  let [today, spent] = [-1, 0];
  const costOf = ({ inputTokens, outputTokens }: Usage) => (inputTokens * price.input + outputTokens * price.output) / 1e6;
  const labels = { provider: model.provider, model: model.name };
  const tokens = (direction: string, count: number) =>
    telemetry.counter('aorta_model_tokens_total', 'Tokens that models took and gave', { ...labels, direction }).inc(count);

  return {
    provider: model.provider,
    name: model.name,
    version: model.version,
    async *stream(request, options): AsyncIterable<ModelEvent> {
      const inputTokens = estimateTokens(requestText(request));
      if (inputTokens > maxInputTokens) throw error('AORTA_MODEL_004', { tokens: inputTokens, limit: maxInputTokens });
      const now = clock.now();
      if (Math.floor(now / day) !== today) [today, spent] = [Math.floor(now / day), 0];
      const reserved = costOf({ inputTokens, outputTokens: request.maxOutputTokens });
      if (spent + reserved > dailyCost) throw error('AORTA_MODEL_005', {}, { retryAfterMs: (today + 1) * day - now });
      spent += reserved;
      const charged = today;
      let outputTokens = 0;
      let used: Usage | undefined;
      let outcome = 'left';
      try {
        for await (const event of model.stream(request, options)) {
          if (event.kind === 'text') outputTokens += estimateTokens(event.text);
          else [used, outcome] = [event.usage, event.reason];
          yield event;
        }
      } catch (thrown) {
        outcome = thrown instanceof AortaError ? thrown.code : 'failed';
        throw thrown;
      } finally {
        const usage = used ?? { inputTokens, outputTokens };
        if (charged === today) spent += costOf(usage) - reserved;
        tokens('input', usage.inputTokens);
        tokens('output', usage.outputTokens);
        telemetry.counter('aorta_model_calls_total', 'Calls of models by how they ended', { ...labels, outcome }).inc();
      }
    },
  };
}
