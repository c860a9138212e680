import { ok } from 'node:assert/strict';
import test from 'node:test';
import { killRounds } from './kill.ts';

test('kill -9 on the embedded profile: nothing acknowledged is lost, nothing is there twice', async (t) => {
  const figures = await killRounds(t, 'embedded', { rounds: 4 });
  ok(figures.duplicates > 0, 'messages whose acknowledgement was lost were sent again');
});
