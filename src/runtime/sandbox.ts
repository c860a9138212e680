import { systemClock } from '../clock/system.ts';
import type { EdgeSandbox } from '../edge/options.ts';
import { createKeyText, type SandboxEhr, startSandboxEhr } from '../sandbox/ehr/index.ts';
import type { EhrConfig } from './ehr-config.ts';

export interface RunningSandbox {
  readonly ehr: SandboxEhr;
  /** The configuration of a worker that has the sandbox as its EHR. */
  readonly config: Readonly<Record<string, EhrConfig>>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly edge: EdgeSandbox;
  /** Tells the sandbox where our keys are. */
  introduce(http: string): void;
}

const keyName = 'secret:sandbox-ehr-key';
/** The six reads of CDS services. */
const scopes = ['Patient', 'Encounter', 'Condition', 'MedicationRequest', 'Observation', 'AllergyIntolerance'].map(
  (type) => `system/${type}.rs`,
);
const draftScopes = [...scopes, 'system/DocumentReference.c'];

/**
 * The sandbox EHR beside `aorta dev`, each trusting the other as a hospital's would: our keys by our JWK Set URL, its
 * CDS Hooks tokens by its own. The port is the one above the HTTP port where that is free.
 */
export async function startSandbox(port: number): Promise<RunningSandbox> {
  const ehr = await startSandboxEhr({ port: port === 0 ? 0 : port + 1 }).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EADDRINUSE') throw thrown;
    return startSandboxEhr({ port: 0 });
  });
  const key = await createKeyText();
  return {
    ehr,
    config: {
      sandbox: {
        fhirBase: ehr.fhirBase,
        // One identity each, though they share a key here.
        clients: {
          cds: { id: 'aorta-cds', key: keyName, scopes },
          assist: { id: 'aorta-assist', key: keyName, scopes },
          drafts: { id: 'aorta-drafts', key: keyName, scopes: draftScopes },
        },
        cdsClient: { issuer: ehr.url, jku: `${ehr.url}/.well-known/jwks.json` },
      },
    },
    secrets: new Map([[keyName, key]]),
    edge: {
      patients: async () => ehr.patients(),
      async call({ service, patientId, encounterId, prefetch = true }, base) {
        const started = systemClock.monotonic();
        const more = encounterId === undefined ? {} : { encounterId };
        const { status, body } = await ehr.cds.call({ base, service, patientId, ...more, prefetch: prefetch ? 'all' : 'none' });
        return { status, body, ms: Math.round(systemClock.monotonic() - started) };
      },
    },
    introduce(http) {
      const keys = { jku: `${http}/.well-known/jwks.json` };
      for (const id of ['aorta-cds', 'aorta-assist']) ehr.register({ id, scopes, keys });
      ehr.register({ id: 'aorta-drafts', scopes: draftScopes, keys });
    },
  };
}
