import test from 'node:test';
import { stopRounds } from './sigterm.ts';

test('SIGTERM under load, ten times on the kafka profile: exit code 0, nothing lost, nothing again', async (t) => {
  const figures = await stopRounds(t, 'kafka', { rounds: 10 });
  t.diagnostic(`ms to stop: ${figures.stopMs.join(' ')}`);
});
