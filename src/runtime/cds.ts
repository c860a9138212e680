import { pathToFileURL } from 'node:url';
import type { AdviceStore } from '../advice/port.ts';
import type { Canonical } from '../canonical/index.ts';
import { type CdsService, createRecognition, createTrust, isCdsService, type TokenPort } from '../cds/index.ts';
import { cdsServiceFiles } from '../cli/cds-services.ts';
import type { Clock, Random } from '../clock/clock.ts';
import { createCdsHost, createQuotas, localClient, type SharedReplay, sharedReplay, standardQuota } from '../edge/cds/index.ts';
import type { EdgeOptions } from '../edge/options.ts';
import { AortaError, error } from '../errors/index.ts';
import { createHttp } from '../fhir/client/index.ts';
import type { Secrets } from '../governance/secrets/port.ts';
import type { Keyed } from '../keyed/port.ts';
import { createKeySets, decode, type KeyOrigin, publicKeySet } from '../smart/index.ts';
import type { Telemetry } from '../telemetry/port.ts';
import { type EhrOptions, type OpenEhr, openEhr } from './ehr.ts';
import type { CdsConfig, EhrConfig } from './ehr-config.ts';
import { accessOf, scopesOf } from './scopes.ts';

export interface CdsOptions {
  /** Project directory: `cds-services/` is below it. */
  readonly root: string;
  readonly ehrs: Readonly<Record<string, EhrConfig>>;
  readonly config: CdsConfig;
  /** The EHR that the local developer's calls are about: the sandbox. */
  readonly localEhr?: string;
  readonly secrets: Pick<Secrets, 'get'>;
  readonly advice: AdviceStore;
  readonly canonical: Canonical;
  /** One-time names and quotas of callers, which all workers share. */
  readonly keyed: Keyed;
  /** Name of this worker among them. */
  readonly worker: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly guard?: EhrOptions['guard'];
}

export interface RunningCds {
  readonly edge: NonNullable<EdgeOptions['cds']>;
  readonly ehrs: ReadonlyMap<string, OpenEhr>;
  stop(): Promise<void>;
}

/** The project's CDS services. @throws AORTA_CLI_004 */
export async function loadCdsServices(root: string): Promise<readonly CdsService[]> {
  return Promise.all(
    cdsServiceFiles(root).map(async (file) => {
      const { default: service } = (await import(pathToFileURL(file).href)) as { default?: unknown };
      if (!isCdsService(service)) throw error('AORTA_CLI_004', { file, problem: 'its default export is not a CDS service' });
      return service;
    }),
  );
}

/** Services, EHRs and trusted clients of the configuration, ready for the edge. */
export async function startCds(options: CdsOptions): Promise<RunningCds> {
  const { config, clock, random, telemetry, keyed, worker } = options;
  const services = await loadCdsServices(options.root);
  const access = accessOf(services);
  const needed = (component: string) => scopesOf(access, component);
  const ehrs = new Map<string, OpenEhr>();
  // For key sets only: their servers are not the FHIR servers.
  const http = createHttp({ connections: 4, inFlight: 64, timeoutMs: 3_000 });
  let replay: SharedReplay | undefined;
  const close = async () => {
    replay?.close();
    for (const ehr of ehrs.values()) await ehr.close();
    await http.close();
  };
  try {
    for (const [id, ehr] of Object.entries(options.ehrs)) ehrs.set(id, await openEhr(id, ehr, { ...options, needed }));
    const sources = [...ehrs.values()].flatMap(({ keys }) => keys);
    const keySet = () => publicKeySet(sources, (thrown) => telemetry.log('error', 'cds.key.unreadable', { error: thrown }));
    // A secret that cannot be read yet is none of a start's business; two keys that an EHR cannot tell apart are.
    await keySet().catch((thrown: unknown) => {
      if (thrown instanceof AortaError && thrown.code === 'AORTA_SMART_014') throw thrown;
    });
    const keySets = createKeySets({ http: (request) => http.send(request), clock });
    const clients = Object.entries(options.ehrs).flatMap(([id, { cdsClient }]) => {
      if (!cdsClient) return [];
      const { issuer, jku, keys = [], tenants } = cdsClient;
      return [{ id, issuer, keys: jku === undefined ? { keys } : { jku }, ...(tenants ? { tenants } : {}) }];
    });
    replay = sharedReplay({ keyed, clock, random, telemetry });
    const tokens: TokenPort = {
      decode,
      verify: (token, keys) => keySets.verify(token, keys as KeyOrigin),
      fits: (token, keys) => keySets.fits(token, keys as KeyOrigin),
    };
    const host = createCdsHost({
      ...{ services, canonical: options.canonical, advice: options.advice, clock, random, telemetry },
      ehrOf: (client) => ehrs.get(client === localClient ? (options.localEhr ?? '') : client),
      ...(config.linkBases === undefined ? {} : { linkBases: config.linkBases }),
      ...(config.budgetMs === undefined ? {} : { budgetMs: config.budgetMs, perReadMs: config.budgetMs * 0.78 }),
    });
    return {
      ehrs,
      edge: {
        host,
        trust: createTrust({ clients, tokens, replay, clock }),
        recognise: createRecognition({ clients, tokens, clock }),
        quotas: await createQuotas({ ...standardQuota, ...config.quota }, { clock, telemetry, keyed, worker }),
        corsOrigins: config.corsOrigins ?? [],
        keySet,
        ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl.replace(/\/+$/, '') }),
      },
      async stop() {
        await host.stop();
        await close();
      },
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
