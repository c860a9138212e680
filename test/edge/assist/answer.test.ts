import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answer } from '../../../src/edge/assist/answer.ts';
import { assistLimits } from '../../../src/edge/assist/options.ts';
import type { EventWriter } from '../../../src/edge/assist/writer.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

test('a client that is dropped while it is told what it missed is no client: the model is stopped after the moment', async () => {
  const clock = new VirtualClock();
  const ended: string[] = [];
  const answer = new Answer({
    ...{
      id: 'A',
      owner: 'o',
      asked: 'x',
      clock,
      limits: assistLimits,
      since: clock.monotonic(),
      ended: (outcome) => void ended.push(outcome),
    },
    offer: { method: 'POST', href: '/api/jobs', body: { type: 'clinical-draft', patientId: 'p' } },
  });
  answer.token('one ');
  // Behind by more than it may be: it leaves within its first write, as EventWriter has it.
  const reader = { write: () => answer.detach(reader as never), end() {} };
  answer.attach(reader as unknown as EventWriter, 0);
  await clock.advance(assistLimits.graceMs);
  assert.deepEqual([answer.signal.aborted, ended], [true, ['AORTA_ASSIST_004']]);
});
