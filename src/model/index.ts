import { error } from '../errors/index.ts';
import { builtinModel } from './builtin/model.ts';
import { guarded } from './guarded.ts';
import { type LimitedPorts, limited, type ModelLimits } from './limited.ts';
import { type OpenAiOptions, openAiModel } from './openai/model.ts';
import type { Model } from './port.ts';

export { guarded, type ModelGuard } from './guarded.ts';
export { type LimitedPorts, limited, type ModelLimits } from './limited.ts';
export {
  estimateTokens,
  type Fact,
  type FactTopic,
  type Model,
  type ModelEvent,
  type ModelRequest,
  type Prompt,
  type Usage,
} from './port.ts';

export interface ModelChoice extends ModelLimits {
  /** `builtin`, or a server that speaks the chat completions protocol. */
  readonly provider: 'builtin' | Pick<OpenAiOptions, 'baseUrl' | 'model' | 'key' | 'idleMs'>;
  /** Origins of providers that data of patients may go to. `builtin` goes nowhere. */
  readonly allowed?: readonly string[];
}

/** The model of a configuration. Only a listed provider is ever called. @throws AORTA_MODEL_006 */
export function createModel({ provider, allowed = [], ...limits }: ModelChoice, ports: LimitedPorts): Model {
  if (provider === 'builtin') return limited(builtinModel, limits, ports);
  const origin = URL.parse(provider.baseUrl)?.origin ?? 'unknown';
  if (!allowed.includes(origin)) throw error('AORTA_MODEL_006', { provider: origin });
  const { clock, guard } = ports;
  const model = openAiModel({ ...provider, clock });
  return limited(guard ? guarded(model, guard, clock) : model, limits, ports);
}
