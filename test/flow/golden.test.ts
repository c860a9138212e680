// `AORTA_UPDATE_GOLDEN=1 node --test test/flow/golden.test.ts` writes topologies/*.graph.json after a meant change.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { goldenGraphs, topologyModules } from '../../src/flow/golden.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('every topology is what its golden graph says', async () => {
  const topologies = join(root, 'topologies');
  assert.ok(topologyModules(topologies).length > 0);
  const states = await goldenGraphs(topologies, process.env['AORTA_UPDATE_GOLDEN'] === '1');
  assert.ok(states.length > 0, 'a topology exports its flow');
  const wrong = states.filter(({ state }) => state !== 'same' && state !== 'written');
  assert.deepEqual(wrong, [], 'meant? AORTA_UPDATE_GOLDEN=1 node --test test/flow/golden.test.ts, and let it be reviewed');
});

test('a golden graph that is missing, differs or lost its flow is found; an update writes it', async () => {
  const directory = await mkdtemp(join(dirname(fileURLToPath(import.meta.url)), '.golden-'));
  const topology = (file: string, steps: string) =>
    writeFile(
      join(directory, file),
      `import { flow, map, to, topic } from 'aorta';
const t = topic<number>('t', 'int');
export default flow('sample').from(t).pipe(${steps}to(topic<number>('u', 'int')));
`,
    );
  try {
    await topology('sample.ts', '');
    assert.deepEqual(await goldenGraphs(directory), [{ flow: 'sample', state: 'missing' }]);
    assert.deepEqual(await goldenGraphs(directory, true), [{ flow: 'sample', state: 'written' }]);
    assert.deepEqual(await goldenGraphs(directory), [{ flow: 'sample', state: 'same' }]);

    const file = join(directory, 'sample.graph.json');
    await writeFile(file, JSON.stringify(JSON.parse(await readFile(file, 'utf8'))));
    assert.deepEqual(await goldenGraphs(directory), [{ flow: 'sample', state: 'same' }], 'its layout does not matter');

    await rm(join(directory, 'sample.ts'));
    await topology('changed.ts', "map('added', (n) => n), ");
    assert.deepEqual(await goldenGraphs(directory), [
      {
        flow: 'sample',
        state: 'differs',
        verdict: 'safe',
        changes: ['added added: safe, map has nothing stored', 'flow changed: safe, the way through the nodes'],
      },
    ]);

    await rm(join(directory, 'changed.ts'));
    assert.deepEqual(await goldenGraphs(directory), [{ flow: 'sample', state: 'stale' }]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
