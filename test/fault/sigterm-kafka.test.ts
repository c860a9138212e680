import test from 'node:test';
import { stopRounds } from './sigterm.ts';

// Row R25 of the full fault suite stops 50 times.
test('SIGTERM under load, three times on the kafka profile: exit code 0, nothing lost, nothing again', async (t) => {
  const figures = await stopRounds(t, 'kafka', { rounds: 3 });
  t.diagnostic(`ms to stop: ${figures.stopMs.join(' ')}`);
});
