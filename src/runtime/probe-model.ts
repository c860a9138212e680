import { assistPrompt, draftPrompt } from '../assist/index.ts';
import { systemClock } from '../clock/system.ts';
import type { Secrets } from '../governance/secrets/port.ts';
import { evaluationCases } from '../model/evaluation/cases.ts';
import { type Evaluated, evaluate } from '../model/evaluation/evaluate.ts';
import { createModel, type Model } from '../model/index.ts';
import { silentTelemetry } from '../telemetry/port.ts';
import type { ModelConfig } from './model-config.ts';
import { openSecrets } from './secrets.ts';

export interface ProbedModel {
  readonly model: Pick<Model, 'provider' | 'name' | 'version'>;
  readonly cases: readonly Evaluated[];
}

export interface ProbeModelOptions {
  /** Data directory. */
  readonly data: string;
  readonly secrets?: Pick<Secrets, 'get'>;
}

/**
 * The evaluation set on the model of a configuration, one case after the other. Its facts are made up: nothing of a
 * patient leaves. Calls cost what they cost, and do not count for the cap of the day, which workers keep.
 *
 * Errors: AORTA_MODEL_006. What the model or its provider does is in the cases.
 */
export async function probeModel(config: ModelConfig | undefined, options: ProbeModelOptions): Promise<ProbedModel> {
  const clock = systemClock;
  const { dailyCost: _, provider = 'builtin', ...limits } = config ?? {};
  const secrets = options.secrets ?? openSecrets({ data: options.data, clock });
  const key = provider === 'builtin' ? undefined : provider.key;
  const choice =
    provider === 'builtin'
      ? provider
      : { baseUrl: provider.baseUrl, model: provider.model, ...(key === undefined ? {} : { key: () => secrets.get(key) }) };
  const model = createModel({ ...limits, provider: choice }, { clock, telemetry: silentTelemetry });
  const cases = await evaluate(model, evaluationCases, { assist: assistPrompt, 'clinical-draft': draftPrompt });
  return { model: { provider: model.provider, name: model.name, version: model.version }, cases };
}
