import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Patient } from '../../src/fhir/r4.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { openEmbedded } from '../../src/runtime/embedded.ts';
import { type RunningSandbox, startSandbox } from '../../src/runtime/sandbox.ts';
import { startWorker, type Worker, type WorkerOptions } from '../../src/runtime/worker.ts';
import { createMllpClient } from '../../src/sandbox/mllp-client.ts';
import type { Scope } from '../sandbox/ehr/open.ts';
import { canary, watched } from '../support/canary.ts';
import { type Answer, ask } from '../support/http.ts';

const root = resolve(import.meta.dirname, '../..');

export interface Site {
  worker: Worker;
  readonly sandbox: RunningSandbox;
  /** Log lines of the worker. */
  readonly lines: string[];
  readonly data: string;
  /** Stops the worker and starts it on the same data. `while`: what happens between. */
  restart(between?: () => Promise<void>): Promise<void>;
  poll(id: string): Promise<Job>;
}

export interface Job {
  readonly id: string;
  readonly status: string;
  readonly progress: number;
  readonly code?: string;
  readonly result?: {
    readonly document: { readonly reference: string };
    readonly text: string;
    readonly textForgotten?: true;
    readonly provenanceAtEhr?: { readonly reference: string };
    readonly reviewed: boolean;
    readonly provenance: {
      readonly agent: { readonly type: { readonly coding: { readonly code: string }[] } }[];
      readonly reason: { readonly coding: { readonly code: string }[] }[];
      readonly entity: { readonly what: { readonly reference: string } }[];
    };
  };
}

/** A worker on embedded stores with the sandbox EHR, as `aorta dev` has them, in this process. */
export async function openSite(
  scope: Scope,
  options: Partial<WorkerOptions> | ((sandbox: RunningSandbox) => Partial<WorkerOptions>) = {},
): Promise<Site> {
  const data = mkdtempSync(join(tmpdir(), 'aorta-assist-'));
  const sandbox = await startSandbox(0);
  const lines: string[] = [];
  const start = async (port = 0): Promise<Worker> => {
    const worker = await startWorker({
      ...{ data, root, host: '127.0.0.1', port, mllpPort: 0, open: openEmbedded },
      telemetry: prometheusTelemetry({ level: 'debug', destination: watched(lines) }),
      ...{ ehrs: sandbox.config, localEhr: 'sandbox', secrets: sandbox.secrets, sandbox: sandbox.edge },
      ...(typeof options === 'function' ? options(sandbox) : options),
    });
    sandbox.introduce(worker.http);
    return worker;
  };
  // A new broker on a busy machine may not have made all topics in time; what it has made stays.
  const first = await start().catch((thrown: { code?: string }) => {
    if (!/^AORTA_LOG_00[28]$/.test(thrown.code ?? '')) throw thrown;
    return start();
  });
  const site: Site = {
    worker: first,
    ...{ sandbox, lines, data },
    async restart(between = async () => {}) {
      await site.worker.stop();
      await between();
      site.worker = await start();
    },
    async poll(id) {
      for (let tries = 0; tries < 600; tries++) {
        const job = (await ask(site.worker.http, `/api/jobs/${id}`)).json<unknown>() as Job;
        if (!['queued', 'running'].includes(job.status)) return job;
        await sleep(50);
      }
      throw new Error('the job did not end');
    },
  };
  scope.after(async () => {
    await site.worker.stop();
    await sandbox.ehr.stop();
    rmSync(data, { recursive: true, force: true });
  });
  return site;
}

export const eventually = async <T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> => {
  for (let tries = 0; tries < 1_200; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error(`${what} did not come`);
};

/** A patient of the canonical store, by a message; answers its id. */
export async function admitted(site: Site, { mrn, authority, name }: { mrn: string; authority: string; name: string }): Promise<string> {
  const client = createMllpClient(site.worker.mllp);
  const message = `MSH|^~\\&|KIS|A|AORTA|B|20261120080000||ADT^A01^ADT_A01|${mrn}|P|2.5\rEVN|A01|20261120080000\rPID|1||${mrn}^^^${authority}||${name}||19500302|F|||Lindenweg 7^^Bern^^3007||${canary.phone}\rPV1|1|I|W1^R1^B1||||||||||||||||V${mrn}\rAL1|1|DA|^Penicillin|SV|Rash\rDG1|1||J18.9^Pneumonia^ICD-10\r`;
  try {
    await client.send(message);
  } finally {
    await client.close();
  }
  return eventually('the patient', async () => {
    const bundle = (await ask(site.worker.http, `/fhir/Patient?identifier=${encodeURIComponent(mrn)}`)).json<{
      entry?: { resource: Patient }[];
    }>();
    return bundle.entry?.[0]?.resource.id;
  });
}

export const documents = (site: Site) =>
  site.sandbox.ehr.store.search('DocumentReference', new URLSearchParams()) as unknown as (Record<string, unknown> & { id: string })[];

/** Events of a stream as it was sent. */
export const eventsOf = ({ text }: Pick<Answer, 'text'>): { id: string; data: string }[] =>
  text
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map((block) => ({ id: /^id: (.*)$/m.exec(block)?.[1] ?? '', data: /^data: (.*)$/m.exec(block)?.[1] ?? '' }));

export const spoken = (answer: Pick<Answer, 'text'>): string =>
  eventsOf(answer)
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => (JSON.parse(data) as { content?: string }).content ?? '')
    .join('');
