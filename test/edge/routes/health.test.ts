import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { RunningFlow, Waiting } from '../../../src/engine/index.ts';
import { ask } from '../../support/http.ts';
import { openEdge } from '../edge.ts';

const wait = (parts: Partial<Waiting>): Waiting => ({ reason: 'hung', topic: 't', partition: 1, overdue: true, message: 'm', ...parts });
const flowOf = (overdue: readonly Waiting[], braked: readonly Waiting[] = []) =>
  ({ name: 'f', overdue: () => overdue, braked: () => braked }) as unknown as RunningFlow;

it('health answers 503 with the code and reason of what is past its bound; a brake is named, and no reason to restart', async (t) => {
  const overdue = [wait({ code: 'AORTA_ENGINE_018', operator: 'call' }), wait({ reason: 'unsettled', code: 'AORTA_ENGINE_002' })];
  const brake = wait({ reason: 'brake', code: 'AORTA_ENGINE_017', overdue: false });
  const stuck = await openEdge(t, { flows: [flowOf(overdue, [brake])] });
  const answer = await ask(stuck.url, '/healthz');
  const named = (waits: readonly Waiting[]) => waits.map(({ reason, code }) => [reason, code]);
  const body = answer.json<{ status: string; overdue: Waiting[]; braked: Waiting[] }>();
  assert.deepEqual([answer.status, body.status], [503, 'stuck']);
  assert.deepEqual(named(body.overdue), [
    ['hung', 'AORTA_ENGINE_018'],
    ['unsettled', 'AORTA_ENGINE_002'],
  ]);
  assert.deepEqual(named(body.braked), [['brake', 'AORTA_ENGINE_017']]);
  const braked = await openEdge(t, { flows: [flowOf([], [brake])] });
  assert.equal((await ask(braked.url, '/healthz')).status, 200);
  await braked.stop();
  await stuck.stop();
});
