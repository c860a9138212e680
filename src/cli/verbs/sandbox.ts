import { buildRouteMap } from '@stricli/core';
import { port } from '../run-parameters.ts';
import { command, jsonFlag, print, printJson } from '../verb.ts';

interface EhrFlags {
  readonly port: number;
  readonly client?: string;
  readonly jwks?: string;
  readonly json: boolean;
}

const ehr = command({
  docs: {
    brief: 'Run a mock EHR: FHIR R4, SMART backend services, a CDS Hooks client, faults to order',
    fullDescription: `Ten made-up patients (Synthea), FHIR under /fhir, tokens at /token by the SMART rules, faults at /_sandbox/faults. It keeps
nothing. With --client and --jwks a backend service of yours is registered, for the six clinical reads and DocumentReference.

Example:
  aorta sandbox ehr --port 4101 --client my-app --jwks http://127.0.0.1:4100/.well-known/jwks.json

Exit codes: 0 stopped (SIGTERM, SIGINT), 1 failed (the port is taken).`,
  },
  parameters: {
    flags: {
      port: { kind: 'parsed', parse: port, brief: 'Port on 127.0.0.1; 0 picks a free one', default: '4101', placeholder: 'port' },
      client: { kind: 'parsed', parse: String, brief: 'Client id to register', optional: true, placeholder: 'id' },
      jwks: { kind: 'parsed', parse: String, brief: 'Address of its public keys', optional: true, placeholder: 'url' },
      json: jsonFlag,
    },
  },
  run: async (flags: EhrFlags) => {
    const { startSandboxEhr } = await import('../../sandbox/ehr/index.ts');
    const reads = ['Patient', 'Encounter', 'Condition', 'MedicationRequest', 'Observation', 'AllergyIntolerance'].map(
      (type) => `system/${type}.rs`,
    );
    const stopped = new Promise<void>((resolve) => {
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve());
    });
    const sandbox = await startSandboxEhr({ port: flags.port });
    if (flags.client !== undefined && flags.jwks !== undefined) {
      sandbox.register({ id: flags.client, scopes: [...reads, 'system/DocumentReference.crs'], keys: { jku: flags.jwks } });
    }
    if (flags.json) printJson({ event: 'ready', sandbox: { ehr: sandbox.url } });
    else
      print(
        `sandbox EHR at ${sandbox.url}\n  FHIR    ${sandbox.fhirBase}\n  tokens  ${sandbox.url}/token\n  faults  ${sandbox.url}/_sandbox/faults`,
      );
    await stopped;
    await sandbox.stop();
  },
});

interface CallFlags {
  readonly service: string;
  readonly patient: string;
  readonly url: string;
  readonly sandbox: string;
  readonly encounter?: string;
  readonly noPrefetch: boolean;
  readonly json: boolean;
}

const call = command({
  docs: {
    brief: 'Call a CDS service as the sandbox EHR does, and show its cards',
    fullDescription: `The sandbox signs the request and prefetches, as an EHR would on opening a chart. Ids of patients: aorta sandbox patients.

Example:
  aorta sandbox call --service chart-review --patient 85454979-8c3c-4edc-188b-d5216e4bca32

Exit codes: 0 answered with 200, 1 the sandbox or the service does not answer, 3 answered with another status.`,
  },
  parameters: {
    flags: {
      service: { kind: 'parsed', parse: String, brief: 'Id of the service', placeholder: 'id' },
      patient: { kind: 'parsed', parse: String, brief: 'Id of the patient at the sandbox', placeholder: 'id' },
      url: { kind: 'parsed', parse: String, brief: 'Aorta', default: 'http://127.0.0.1:4100', placeholder: 'url' },
      sandbox: { kind: 'parsed', parse: String, brief: 'The sandbox EHR', default: 'http://127.0.0.1:4101', placeholder: 'url' },
      encounter: { kind: 'parsed', parse: String, brief: 'Id of the encounter', optional: true, placeholder: 'id' },
      noPrefetch: { kind: 'boolean', brief: 'Leave prefetch out: the service reads for itself', default: false, withNegated: false },
      json: jsonFlag,
    },
  },
  run: async (flags: CallFlags) => {
    const { askSandbox } = await import('../sandbox.ts');
    const body = {
      base: flags.url,
      service: flags.service,
      patientId: flags.patient,
      prefetch: flags.noPrefetch ? 'none' : 'all',
      encounterId: flags.encounter,
    };
    const answer = (await askSandbox(flags.sandbox, '/_sandbox/cds', body)) as {
      status: number;
      body: { cards?: { summary: string; indicator: string }[] };
    };
    if (flags.json) printJson(answer);
    else for (const { indicator, summary } of answer.body.cards ?? []) print(`${indicator.padEnd(8)}  ${summary}`);
    if (!flags.json && answer.status === 200 && answer.body.cards?.length === 0) print('no cards');
    return answer.status === 200 ? 0 : 3;
  },
});

const patients = command({
  docs: {
    brief: "List the sandbox EHR's patients",
    fullDescription: `Made-up people, with the encounter that is open where they are in the house.

Example:
  aorta sandbox patients

Exit codes: 0 listed, 1 no sandbox answers.`,
  },
  parameters: {
    flags: {
      sandbox: { kind: 'parsed', parse: String, brief: 'The sandbox EHR', default: 'http://127.0.0.1:4101', placeholder: 'url' },
      json: jsonFlag,
    },
  },
  run: async (flags: { sandbox: string; json: boolean }) => {
    const { askSandbox } = await import('../sandbox.ts');
    const { rowsOf, table } = await import('../table.ts');
    const answer = await askSandbox(flags.sandbox, '/_sandbox/patients');
    if (flags.json) return printJson(answer);
    print(table(rowsOf(answer), 'there are none'));
  },
});

export const verb = buildRouteMap({ routes: { ehr, patients, call }, docs: { brief: 'Mock systems to try things on' } });
