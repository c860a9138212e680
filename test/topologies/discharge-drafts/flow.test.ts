import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobRequested } from '../../../schemas/generated/job-requested.ts';
import type { TimelineEvent } from '../../../schemas/generated/timeline-event.ts';
import { topics } from '../../../schemas/topics.ts';
import { TestDriver } from '../../../src/testing/index.ts';
import dischargeDrafts from '../../../topologies/discharge-drafts.ts';

const start = Date.UTC(2026, 4, 1, 10);
const event = (more: Partial<TimelineEvent> = {}): TimelineEvent => ({
  ...{ eventId: 'e1', patientId: 'p1', type: 'Discharge', occurredAt: start - 60_000, recordedAt: start, system: 'ADT|HOSP' },
  ...{ messageId: 'm1', encounterId: 'enc1', ward: null, room: null, bed: null, cancels: null, ...more },
});

async function asks(...events: TimelineEvent[]): Promise<readonly JobRequested[]> {
  const flow = dischargeDrafts();
  assert.ok(flow);
  const driver = await TestDriver.start<TimelineEvent>(flow, { start, source: topics.timeline });
  for (const each of events) await driver.send({ key: each.patientId, value: each });
  const asked = await driver.emitted(topics.jobRequested);
  await driver.stop();
  return asked.map(({ value }) => value);
}

test('a discharge asks for one draft; whatever else happens, and what happened long ago, asks for none', async () => {
  const [job, ...more] = await asks(
    event({ type: 'Admission' }),
    event({ type: 'Cancellation' }),
    event({ occurredAt: start - 25 * 3_600_000 }),
    event(),
  );
  assert.equal(more.length, 0);
  assert.match(job?.jobId ?? '', /^job-[0-9a-f]{32}$/);
  assert.deepEqual([job?.patientId, job?.type, job?.requestedBy, job?.eventId], ['p1', 'clinical-draft', 'discharge-drafts', job?.jobId]);
});

test('a discharge that comes twice is one job; another patient, encounter or time is another', async () => {
  const jobs = await asks(
    event(),
    event({ eventId: 'e2', messageId: 'm2' }),
    event({ eventId: 'e3', patientId: 'p2' }),
    event({ eventId: 'e4', encounterId: 'enc2' }),
    event({ eventId: 'e5', occurredAt: start - 30_000 }),
  );
  assert.deepEqual([jobs.length, new Set(jobs.map(({ jobId }) => jobId)).size], [5, 4]);
});

test('where it is switched off there is no such flow', () => {
  assert.equal(dischargeDrafts({ draftOnDischarge: false }), undefined);
});
