import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/clock/system.ts';
import { createDrafting } from '../../src/drafts/drafting.ts';
import { createSqliteJobs } from '../../src/jobs/sqlite/jobs.ts';
import { createModel } from '../../src/model/index.ts';
import { createSqliteState } from '../../src/state/sqlite/state.ts';
import { silentTelemetry as telemetry } from '../../src/telemetry/port.ts';
import { temporaryDatabase } from '../sqlite/temporary.ts';

const job = { jobId: 'j1', patientId: 'p', type: 'clinical-draft', requestedBy: 'c', requestedAt: 1 };
const document = { resourceType: 'DocumentReference', identifier: [{ system: 's', value: 'v' }] };

test('a document that the EHR says is there, but not where, ends its job without a reference that leads nowhere', async (t) => {
  const { database, remove } = temporaryDatabase();
  t.after(remove);
  await createSqliteState({ database }).migrate();
  const model = createModel({ provider: 'builtin' }, { clock: systemClock, telemetry });
  const client = { base: 'http://x', create: async () => ({ created: false }) } as never;
  const drafting = createDrafting({
    jobs: createSqliteJobs({ database }),
    canonical: undefined as never,
    client,
    model,
    clock: systemClock,
    telemetry,
  });
  assert.deepEqual(await drafting.begin(job), {});
  await drafting.keep(job, document as never, '{}');
  const { status, document: reference } = await drafting.file(job, document as never, new AbortController().signal);
  assert.deepEqual([status, reference], ['succeeded', null]);
});
