import test from 'node:test';
import { outage } from './dependencies.ts';

test('postgres away and back under load: nothing acknowledged is lost, senders are answered, work goes on by itself', {
  timeout: 400_000,
}, async (t) => {
  await outage(t, 'postgres', 'SIGQUIT');
});
