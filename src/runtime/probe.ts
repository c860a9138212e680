import { projectRoot } from '../cli/project.ts';
import { systemClock, systemRandom } from '../clock/system.ts';
import { AortaError } from '../errors/index.ts';
import { clinicalReads, createHttp, gather } from '../fhir/client/index.ts';
import type { Secrets } from '../governance/secrets/port.ts';
import { createBackend, discover, keysFromSecret } from '../smart/index.ts';
import { loadCdsServices } from './cds.ts';
import { openEhr } from './ehr.ts';
import type { EhrConfig } from './ehr-config.ts';
import { accessOf, scopesOf } from './scopes.ts';
import { openSecrets } from './secrets.ts';

export interface ProbeStep {
  readonly step: string;
  readonly ok: boolean;
  readonly ms: number;
  /** Counts and codes: never what is in a record. */
  readonly says: string;
}

export interface ProbeOptions {
  readonly component: string;
  readonly patient?: string;
  readonly data: string;
  readonly secrets?: Pick<Secrets, 'get'>;
  /** @default of the project's CDS services */
  readonly scopes?: readonly string[];
}

/** One step after the other, until one fails: what comes later would only fail for the same reason. */
export async function probeEhr(name: string, config: EhrConfig, options: ProbeOptions): Promise<readonly ProbeStep[]> {
  const [clock, random] = [systemClock, systemRandom];
  const secrets = options.secrets ?? openSecrets({ data: options.data, clock });
  const steps: ProbeStep[] = [];
  const http = createHttp({ timeoutMs: 10_000 });
  const needed = options.scopes ?? scopesOf(accessOf(await loadCdsServices(projectRoot())), options.component);
  let failed = false;
  const step = async (what: string, work: () => Promise<string>) => {
    if (failed) return;
    const started = clock.monotonic();
    const [ok, says] = await work().then(
      (said) => [true, said] as const,
      (thrown: unknown) => [false, thrown instanceof AortaError ? thrown.message : `it failed (${(thrown as Error).name})`] as const,
    );
    failed = !ok;
    steps.push({ step: what, ok, ms: Math.round(clock.monotonic() - started), says });
  };
  const send = (request: Parameters<typeof http.send>[0]) => http.send(request);
  const client = config.clients?.[options.component];
  try {
    await step('SMART configuration', async () => {
      const { algorithms, scopes, tokenEndpoint } = await discover(config.fhirBase, send);
      return `tokens at ${new URL(tokenEndpoint).host}, ${algorithms.join(' and ')}, scopes ${scopes}`;
    });
    if (client) {
      const keys = keysFromSecret(secrets, client.key);
      await step('signing key', async () => (await keys.keys()).map(({ kid, alg }) => `${alg} ${kid}`).join(', '));
      const jku = client.jku === undefined ? {} : { jku: client.jku };
      await step('access token', async () => {
        const backend = createBackend({ fhirBase: config.fhirBase, clientId: client.id, keys, ...jku, http: send, clock, random });
        const { scopes, expiresAt } = await backend.token(needed);
        return `good for ${Math.round((expiresAt - clock.now()) / 1000)} s, ${scopes.length} scopes granted`;
      });
    }
    const { patient } = options;
    if (patient !== undefined && !failed) {
      const ehr = await openEhr(name, config, { secrets, clock, random, needed: () => needed });
      try {
        const reads = Object.values(clinicalReads);
        const { reads: results } = await gather({
          reads,
          context: { patientId: patient },
          client: ehr.as(options.component),
          perReadMs: 10_000,
          clock,
        });
        for (const { key } of reads) {
          const { status, resources, pages, problem } = results[key];
          const says = `${status}, ${resources.length} on ${pages} page${pages === 1 ? '' : 's'}${problem === undefined ? '' : ` (${problem})`}`;
          steps.push({ step: `read ${key}`, ok: status === 'complete', ms: 0, says });
        }
      } finally {
        await ehr.close();
      }
    }
  } finally {
    await http.close();
  }
  return steps;
}
