import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { createCdsHost, type EdgeCds } from '../../src/edge/cds/index.ts';
import { createFileAudit } from '../../src/governance/audit/file/index.ts';
import type { AuditEvent } from '../../src/governance/audit/port.ts';
import { clinicalReads, defineCdsService } from '../../src/index.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { eventually } from '../assist/site.ts';
import { ask, post } from '../support/http.ts';
import { openEdge } from './edge.ts';

const unused = (): never => {
  throw new Error('not part of this test');
};

/** A CDS host that answers when it is told to. */
function waitingHost() {
  const state = { called: 0, answer: () => {} };
  const cds: EdgeCds = {
    host: {
      services: [],
      advice: undefined as never,
      async call(_id, _body, { recorded }) {
        state.called++;
        await new Promise<void>((resolve) => {
          state.answer = resolve;
        });
        await recorded;
        return { cards: [] };
      },
      feedback: unused,
      stop: async () => {},
    },
    trust: unused,
    quotas: { enter: () => ({ granted: Promise.resolve(), leave: () => {} }) },
    corsOrigins: [],
    keySet: async () => ({ keys: [] }),
  };
  return { state, cds };
}

test('the record of a CDS call is written beside its reads, and the answer waits for it', async (t) => {
  const { state, cds } = waitingHost();
  let written = () => {};
  const events: AuditEvent[] = [];
  const append = (event: AuditEvent) => {
    events.push(event);
    return new Promise<void>((resolve) => {
      written = resolve;
    });
  };
  const edge = await openEdge(t, { cds, audit: { append, verify: unused, close: async () => {} } });
  let answered = false;
  const answer = post(edge.url, '/cds-services/s', {}).finally(() => {
    answered = true;
  });
  await eventually('the host is asked before the record is durable', () => (state.called === 1 ? true : undefined));
  assert.deepEqual([events[0]?.action, answered], ['cds', false]);
  state.answer();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answered, false, 'the answer is there, its record is not');
  written();
  assert.deepEqual([(await answer).status, (await answer).json()], [200, { cards: [] }]);
});

test('a call that is refused is in the chain on disk when its answer is there, with denied ones beside it', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'aorta-alongside-'));
  const audit = await createFileAudit({ dir, key: 'a key of at least thirty-two characters' });
  t.after(async () => {
    await audit.close();
    await rm(dir, { recursive: true });
  });
  const host = createCdsHost({
    services: [
      defineCdsService({
        ...{ id: 's', hook: 'patient-view', title: 't', description: 'd', requires: ['patient'] },
        reads: [clinicalReads.patient],
        run: () => [],
      }),
    ],
    ehrOf: () => undefined,
    canonical: { identified: async () => [] } as never,
    advice: { record: async () => {} } as never,
    clock: systemClock,
    random: systemRandom,
    telemetry: silentTelemetry,
  });
  const edge = await openEdge(t, { cds: { ...waitingHost().cds, host }, audit });
  const call = (service: string, patientId: string, hook = 'patient-view') =>
    post(edge.url, `/cds-services/${service}`, {
      hook,
      hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
      context: { userId: 'Practitioner/1', patientId },
    });
  const stored = async () => (await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8')))).join('');
  const denied = () => ask(edge.url, '/fhir/Patient/x', { headers: { authorization: 'Bearer x' } });
  for (let round = 0; round < 5; round++) {
    for (const [status, service, hook] of [
      [412, 's', undefined],
      [400, 's', 'other'],
      [404, 'other', undefined],
    ] as const) {
      await Promise.all([denied(), denied(), call('s', 'beside')]);
      const patient = `p-${round}-${status}`;
      assert.equal((await call(service, patient, hook)).status, status);
      assert.ok((await stored()).includes(`"${patient}"`), patient);
    }
  }
});

test('what cannot be recorded is not shown', async (t) => {
  const { state, cds } = waitingHost();
  const edge = await openEdge(t, {
    cds,
    audit: { append: () => Promise.reject(new Error('SECRET')), verify: unused, close: async () => {} },
  });
  const answer = post(edge.url, '/cds-services/s', {});
  await eventually('the host is asked', () => (state.called === 1 ? true : undefined));
  state.answer();
  const { status, text } = await answer;
  assert.equal(status, 500);
  assert.doesNotMatch(text, /cards|SECRET/);
});
