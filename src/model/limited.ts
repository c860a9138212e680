import type { Clock } from '../clock/clock.ts';
import { AortaError, error } from '../errors/index.ts';
import type { Keyed } from '../keyed/port.ts';
import type { Telemetry } from '../telemetry/port.ts';
import type { ModelGuard } from './guarded.ts';
import { estimateTokens, type Model, type ModelEvent, requestText, type Usage } from './port.ts';
import { dailyPurse } from './purse.ts';

export interface ModelLimits {
  /** Estimated tokens of a request. @default 12_000 */
  readonly maxInputTokens?: number;
  /** Cost of all calls of one day (UTC) over all workers that share a Redis, else of one worker, in the currency of `price`. @default none */
  readonly dailyCost?: number;
  /** For a million tokens. @default 0 */
  readonly price?: { readonly input: number; readonly output: number };
}

export interface LimitedPorts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Where the day's cost is counted, and the name of this worker there; without it in this process alone. */
  readonly shared?: { readonly keyed: Keyed; readonly worker: string };
  /** Around every call of a provider. @default none */
  readonly guard?: ModelGuard;
}

/** The work did not run: the breaker is open, or there was no place. */
const notAsked = ['AORTA_GUARD_001', 'AORTA_GUARD_002'];

/**
 * A model with bounds: size of a request, cost of a day. What a call may cost at most is set aside before it begins, so
 * that calls at the same time cannot pass the cap together; what it did not use is given back.
 *
 * Errors: AORTA_MODEL_004, AORTA_MODEL_005, and those of the model.
 */
export function limited(model: Model, limits: ModelLimits, { clock, telemetry, shared }: LimitedPorts): Model {
  const { maxInputTokens = 12_000, dailyCost, price = { input: 0, output: 0 } } = limits;
  const purse =
    dailyCost === undefined ? undefined : dailyPurse({ name: model.provider, cap: Math.floor(dailyCost * 1e6), clock, telemetry, shared });
  // Millionths of the currency, whole: what Redis counts in.
  const costOf = ({ inputTokens, outputTokens }: Usage) => Math.ceil(inputTokens * price.input + outputTokens * price.output);
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
      const settle = await purse?.take(costOf({ inputTokens, outputTokens: request.maxOutputTokens }));
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
        const usage = used ?? { inputTokens: notAsked.includes(outcome) ? 0 : inputTokens, outputTokens };
        await settle?.(costOf(usage));
        tokens('input', usage.inputTokens);
        tokens('output', usage.outputTokens);
        telemetry.counter('aorta_model_calls_total', 'Calls of models by how they ended', { ...labels, outcome }).inc();
      }
    },
  };
}
