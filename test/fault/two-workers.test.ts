import test from 'node:test';
import { freezeOneOfTwo, killOneOfTwo } from './two-workers.ts';

test('two workers, one killed: the other takes over, nothing is lost, nothing twice', { timeout: 400_000 }, async (t) => {
  await killOneOfTwo(t, 2);
});

test('a worker stopped past its session: what it still writes is refused, both go on by themselves', { timeout: 400_000 }, async (t) => {
  const { fenced } = await freezeOneOfTwo(t, 2);
  t.diagnostic(`groups refused: ${fenced}`);
});
