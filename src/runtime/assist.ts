import type { JobRequested } from '../../schemas/generated/job-requested.ts';
import { topics } from '../../schemas/topics.ts';
import { retrieve } from '../assist/index.ts';
import type { Canonical } from '../canonical/index.ts';
import type { Clock, Random } from '../clock/clock.ts';
import { createDrafting } from '../drafts/drafting.ts';
import type { EdgeAssist } from '../edge/assist/options.ts';
import type { Secrets } from '../governance/secrets/port.ts';
import { createDesk, type Desk } from '../jobs/desk.ts';
import { header } from '../log/port.ts';
import { createModel, type Model, type ModelGuard } from '../model/index.ts';
import type { PrometheusTelemetry } from '../ops/telemetry.ts';
import type { Serde } from '../schema/port.ts';
import type { OpenEhr } from './ehr.ts';
import type { ModelConfig } from './model-config.ts';
import type { Profile } from './profile.ts';

export interface AssistParts {
  readonly profile: Pick<Profile, 'jobs' | 'log' | 'advice' | 'audit' | 'keyed' | 'instance'>;
  readonly ehrs: ReadonlyMap<string, OpenEhr>;
  readonly canonical: Canonical;
  readonly config: ModelConfig | undefined;
  readonly secrets: Pick<Secrets, 'get'>;
  /** Of `job.requested`. */
  readonly serde: () => Promise<Serde<JobRequested>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: PrometheusTelemetry;
  /** Around every call of a model provider. */
  readonly guard: ModelGuard;
}

export interface RunningAssist {
  readonly edge: EdgeAssist;
  readonly desk: Desk;
  /** For the flow `clinical-drafts`. */
  readonly drafting: ReturnType<typeof createDrafting>;
}

/** Milliseconds for each read while a person waits: there are two rounds of them before the first word. */
const perReadMs = 1_500;

/** Answers, jobs and drafts of the configuration. The EHR is the first one where the component is registered. */
export function startAssist(parts: AssistParts): RunningAssist {
  const { profile, canonical, clock, random, telemetry } = parts;
  const model = modelOf(parts);
  const ehrOf = (component: string): OpenEhr | undefined => [...parts.ehrs.values()].find((ehr) => ehr.as(component) !== undefined);
  const [assistClient, draftsEhr] = [ehrOf('assist')?.as('assist'), ehrOf('drafts')];
  const drafting = createDrafting({
    ...{ jobs: profile.jobs, canonical, model, clock, telemetry },
    ...{ client: draftsEhr?.as('drafts'), attests: draftsEhr?.creating('drafts', 'Provenance') },
  });
  const desk = createDesk({
    jobs: profile.jobs,
    abort: drafting.stop,
    attest: drafting.attest,
    ...{ clock, random, telemetry },
    async append({ id, patient, type, client, requestedAt }) {
      const serde = await parts.serde();
      const value = serde.serialize({ eventId: id, jobId: id, patientId: patient, type, requestedBy: client, requestedAt });
      // The time of the request, not of this append: a repetition is the same record.
      await profile.log.append([
        { topic: topics.jobRequested.name, key: patient, value, headers: { [header.eventId]: id }, timestamp: requestedAt },
      ]);
    },
  });
  return {
    drafting,
    desk,
    edge: {
      model,
      advice: profile.advice,
      retrieve: (patientId, signal) => retrieve(patientId, { canonical, client: assistClient, clock, perReadMs, signal }),
    },
  };
}

function modelOf({ config, secrets, clock, telemetry, guard, profile: { keyed, instance: worker } }: AssistParts): Model {
  const { provider = 'builtin', ...rest } = config ?? {};
  const ports = { clock, telemetry, shared: { keyed, worker } };
  if (provider === 'builtin') return createModel({ provider, ...rest }, ports);
  const { baseUrl, model, key } = provider;
  const bearer = key === undefined ? {} : { key: () => secrets.get(key) };
  return createModel({ provider: { baseUrl, model, ...bearer }, ...rest }, { ...ports, guard });
}
