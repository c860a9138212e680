import { createSqliteAdvice } from '../../../src/advice/sqlite/advice.ts';
import { createCanonical } from '../../../src/canonical/index.ts';
import { canonicalTables } from '../../../src/canonical/tables.ts';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import type { SandboxCall } from '../../../src/edge/options.ts';
import { createMemoryKeyed } from '../../../src/keyed/memory/index.ts';
import type { Keyed } from '../../../src/keyed/port.ts';
import { prometheusTelemetry } from '../../../src/ops/telemetry.ts';
import { type CdsOptions, startCds } from '../../../src/runtime/cds.ts';
import type { CdsConfig, EhrConfig } from '../../../src/runtime/ehr-config.ts';
import type { SandboxEhr } from '../../../src/sandbox/ehr/index.ts';
import { createSqliteState } from '../../../src/state/sqlite/state.ts';
import type { Table } from '../../../src/state/table.ts';
import type { Telemetry } from '../../../src/telemetry/port.ts';
import { openEhr, type Scope, sixScopes } from '../../sandbox/ehr/open.ts';
import { temporaryDatabase } from '../../sqlite/temporary.ts';
import { watched } from '../../support/canary.ts';
import { openEdge } from '../edge.ts';

export const project = new URL('../../../', import.meta.url).pathname;

interface Options {
  readonly config?: CdsConfig;
  readonly ehr?: Partial<EhrConfig>;
  /** Whether our own components are registered at the EHR. @default false */
  readonly registered?: boolean;
  readonly scopes?: readonly string[];
  /** @default one key, whatever its name */
  readonly secrets?: CdsOptions['secrets'];
  readonly canonical?: CdsOptions['canonical'];
  /** The sandbox beside it, as `aorta dev` has it. @default false */
  readonly beside?: boolean;
  /** What it shares with other workers. @default its own memory */
  readonly keyed?: (telemetry: Telemetry) => Promise<Keyed>;
  /** An EHR that another worker has opened. */
  readonly at?: SandboxEhr;
}

let workers = 0;

/** An edge with the project's CDS services, a sandbox EHR that it trusts, and real stores. */
export async function openCds(scope: Scope, { config = {}, registered = false, ...options }: Options = {}) {
  const ehr = options.at ?? (await openEhr(scope, { scopes: options.scopes ?? sixScopes })).ehr;
  const { database, remove } = temporaryDatabase();
  const state = createSqliteState({ database });
  await state.migrate();
  await state.ensureTables(canonicalTables as unknown as Table<never>[]);
  const lines: string[] = [];
  const telemetry = prometheusTelemetry({ level: 'debug', destination: watched(lines) });
  const keyed = await (options.keyed?.(telemetry) ?? createMemoryKeyed({ clock: systemClock }));
  const { createKeyText } = await import('../../../src/sandbox/ehr/index.ts');
  const key = await createKeyText();
  const cds = await startCds({
    root: project,
    ehrs: {
      sandbox: {
        fhirBase: ehr.fhirBase,
        cdsClient: { issuer: ehr.url, jku: `${ehr.url}/.well-known/jwks.json` },
        ...(registered ? { clients: { cds: { id: 'ours', key: 'secret:k', scopes: sixScopes } } } : {}),
        ...options.ehr,
      },
    },
    config,
    localEhr: 'sandbox',
    secrets: options.secrets ?? { get: async () => key },
    advice: createSqliteAdvice({ database }),
    canonical: options.canonical ?? createCanonical(state),
    ...{ keyed, worker: `w${++workers}` },
    clock: systemClock,
    random: systemRandom,
    telemetry,
  });
  const sandbox = {
    patients: async () => ehr.patients(),
    async call({ service, patientId, prefetch = true }: SandboxCall, base: string) {
      const { status, body } = await ehr.cds.call({ base, service, patientId, prefetch: prefetch ? 'all' : 'none' });
      return { status, body, ms: 1 };
    },
  };
  const canonical = options.canonical ?? createCanonical(state);
  const edge = await openEdge(scope, { cds: cds.edge, telemetry, canonical, state, ...(options.beside ? { sandbox } : {}) });
  if (registered) ehr.register({ id: 'ours', scopes: options.scopes ?? sixScopes, keys: { jku: `${edge.url}/.well-known/jwks.json` } });
  scope.after(async () => {
    await cds.stop();
    await keyed.close();
    await state.close();
    await remove();
  });
  const settled = () => cds.edge.host.stop();
  const metric = async (name: string, labels: Readonly<Record<string, string>>) =>
    (await telemetry.read(name)).find((each) => Object.entries(labels).every(([label, value]) => each.labels[label] === value))?.value ?? 0;
  return { ehr, edge, cds: cds.edge, url: edge.url, host: cds.edge.host, state, telemetry, lines, metric, settled };
}

export const hookBody = (patientId: string, more: object = {}) => ({
  hook: 'patient-view',
  hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
  context: { userId: 'Practitioner/1', patientId },
  ...more,
});
