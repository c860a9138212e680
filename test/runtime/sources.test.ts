import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Patient } from '../../src/fhir/r4.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { openEmbedded } from '../../src/runtime/embedded.ts';
import { startWorker, type Worker } from '../../src/runtime/worker.ts';
import { createMllpClient } from '../../src/sandbox/mllp-client.ts';

const repository = resolve(import.meta.dirname, '../..');
const project = mkdtempSync(join(tmpdir(), 'aorta-sources-'));
after(() => rmSync(project, { recursive: true, force: true }));
cpSync(join(repository, 'package.json'), join(project, 'package.json'));
for (const name of ['src', 'node_modules', 'schemas', 'topologies']) symlinkSync(join(repository, name), join(project, name));
cpSync(join(repository, 'test/sources'), join(project, 'sources'), { recursive: true });

const start = (more: { strictSenders?: boolean } = {}): Promise<Worker> =>
  startWorker({
    data: join(project, 'data'),
    host: '127.0.0.1',
    port: 0,
    mllpPort: 0,
    root: project,
    open: openEmbedded,
    telemetry: prometheusTelemetry({ level: 'silent' }),
    ...more,
  });

async function sent(worker: Worker, message: Buffer | string): Promise<string> {
  const client = createMllpClient(worker.mllp);
  try {
    const { code, errors } = await client.send(message);
    return [code, ...errors.map((each) => each.code)].join(' ');
  } finally {
    await client.close();
  }
}

test('a worker reads sources/: ingress and flows by one profile; strict senders; a faulty profile does not start', async () => {
  let worker = await start({ strictSenders: true });
  try {
    assert.equal(await sent(worker, readFileSync(join(project, 'sources/marien/transfer-as-update.hl7'))), 'AA');
    assert.equal(
      await sent(worker, 'MSH|^~\\&|WHO|EVER|A|B|20260101||ADT^A01|1|P|2.5\rEVN|A01|20260101\rPID|1||1\rPV1|1|I\r'),
      'AR AORTA_PROFILE_002',
    );
    const query = encodeURIComponent('urn:oid:2.16.840.1.113883.2.16.1.77|4711');
    let patient: Patient | undefined;
    for (let tries = 0; tries < 1_200 && !patient; tries++) {
      const bundle = (await (await fetch(`${worker.http}/fhir/Patient?identifier=${query}`)).json()) as { entry?: { resource: Patient }[] };
      patient = bundle.entry?.[0]?.resource;
      if (!patient) await sleep(50);
    }
    assert.equal(patient?.name?.[0]?.family, 'Müller–Škoda');
    assert.equal(patient?.extension?.[0]?.valueCode, '2');
    const timeline = (await (await fetch(`${worker.http}/api/patients/${patient?.id}/timeline`)).json()) as {
      events: { type: string; occurredAt: string }[];
    };
    assert.deepEqual(
      timeline.events.map(({ type, occurredAt }) => [type, new Date(occurredAt).toISOString()]),
      [['Transfer', '2026-07-04T20:15:00.000Z']],
    );
    const metrics = await (await fetch(`${worker.http}/metrics`)).text();
    assert.match(metrics, /aorta_mllp_source_messages_total\{[^}]*profile="marien"[^}]*\} 1/);
    assert.match(metrics, /aorta_mllp_source_messages_total\{[^}]*profile="none"[^}]*\} 1/);
  } finally {
    await worker.stop();
  }
  writeFileSync(join(project, 'sources/other.ts'), "export default { name: 'other', version: 1, sender: { application: '*' } };\n");
  await assert.rejects(start(), { code: 'AORTA_PROFILE_001' });
  rmSync(join(project, 'sources/other.ts'));
  worker = await start();
  await worker.stop();
});
