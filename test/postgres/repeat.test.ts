import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/clock/system.ts';
import { StatementError } from '../../src/postgres/errors.ts';
import { repeat } from '../../src/postgres/repeat.ts';

test('what another try may get around is not refused for good when the time is over', async () => {
  let time = 0;
  const clock = { ...systemClock, monotonic: () => time };
  const taken = new StatementError('refused', '23505', false, 'SQLSTATE 23505');
  const work = () => {
    time += 4_900;
    return Promise.reject(taken);
  };
  await assert.rejects(repeat(work, { clock, also: ({ sqlState }) => sqlState === '23505' }), {
    code: 'AORTA_STATE_006',
    class: 'Transient',
  });
  time = 0;
  await assert.rejects(repeat(work, { clock }), { code: 'AORTA_STATE_002' });
});
