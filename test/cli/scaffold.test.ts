import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { aorta } from './run.ts';

const repository = resolve(import.meta.dirname, '../..');
const project = mkdtempSync(join(tmpdir(), 'aorta-scaffold-'));
after(() => rmSync(project, { recursive: true, force: true }));

for (const name of ['package.json', 'biome.json']) cpSync(join(repository, name), join(project, name));
cpSync(join(repository, 'schemas'), join(project, 'schemas'), { recursive: true });
for (const name of ['src', 'node_modules']) symlinkSync(join(repository, name), join(project, name));
mkdirSync(join(project, 'topologies'));
const { compilerOptions } = JSON.parse(readFileSync(join(repository, 'tsconfig.json'), 'utf8')) as { compilerOptions: object };
writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['topologies', 'schemas', 'test'] }));

const files = ['topologies/bed-moves.ts', 'schemas/bed-moves.avsc', 'test/topologies/bed-moves.test.ts'];

function run(command: string, args: readonly string[]) {
  const env = { ...process.env, PATH: `${join(repository, 'node_modules/.bin')}:${process.env['PATH']}`, NODE_TEST_CONTEXT: undefined };
  const done = spawnSync(command, args, { cwd: project, encoding: 'utf8', env });
  return { code: done.status, said: done.stdout + done.stderr };
}

test('--dry-run lists the files and writes none', async () => {
  const { code, stdout } = await aorta(['new', 'topology', 'bed-moves', '--dry-run', '--json'], { cwd: project });
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), { written: false, files });
  assert.ok(!existsSync(join(project, files[0] as string)));
});

test('a new topology is checked, drawn, typed, formatted, and its test passes, as written', async () => {
  const { code, stderr } = await aorta(['new', 'topology', 'bed-moves'], { cwd: project });
  assert.equal(code, 0, stderr);
  assert.ok([...files, 'schemas/generated/bed-moves.ts'].every((file) => existsSync(join(project, file))));
  const checked = await aorta(['check', '--strict', '--json'], { cwd: project });
  assert.equal(checked.code, 0, checked.stdout);
  assert.deepEqual((JSON.parse(checked.stdout) as { flows: unknown }).flows, [{ file: 'topologies/bed-moves.ts', flow: 'bed-moves' }]);
  const graph = await aorta(['graph', 'bed-moves', '--json'], { cwd: project });
  const { graph: drawn } = JSON.parse(graph.stdout) as { graph: { source: string; nodes: { op: string }[] } };
  assert.deepEqual([drawn.source, ...drawn.nodes.map(({ op }) => op)], ['patient.timeline', 'from', 'filter', 'map', 'to']);
  const types = run('tsc', ['-p', '.', '--pretty', 'false']);
  assert.equal(types.code, 0, types.said);
  const format = run('biome', ['check', '--vcs-enabled=false', '--colors=off', 'topologies', 'test']);
  assert.equal(format.code, 0, format.said);
  const own = run('node', ['--test', files[2] as string]);
  assert.equal(own.code, 0, own.said);
  assert.match(own.said, /pass 2/);
});

test('nothing that exists is overwritten, and a bad name is refused', async () => {
  const before = readFileSync(join(project, files[0] as string), 'utf8');
  const again = await aorta(['new', 'topology', 'bed-moves'], { cwd: project });
  assert.equal(again.code, 1);
  assert.match(again.stderr, /topologies\/bed-moves\.ts exists already\. \[AORTA_CLI_003\]/);
  assert.equal(readFileSync(join(project, files[0] as string), 'utf8'), before);
  for (const name of ['Bed', '../x', 'a--b', '1a'])
    assert.match((await aorta(['new', 'topology', name], { cwd: project })).stderr, /AORTA_CLI_006/, name);
});

test('check names the file of a topology that is none, and what is out of date', async () => {
  const schema = join(project, 'schemas/bed-moves.avsc');
  const text = readFileSync(schema, 'utf8');
  writeFileSync(schema, text.replace('"Room."', '"The room."'));
  const stale = await aorta(['check'], { cwd: project });
  assert.equal(stale.code, 3);
  assert.match(stale.stdout, /schemas\/generated\/bed-moves\.ts does not fit its schema/);
  assert.equal((await aorta(['schema', 'gen', '--check'], { cwd: project })).code, 3);
  assert.equal((await aorta(['schema', 'gen'], { cwd: project })).code, 0);
  assert.equal((await aorta(['check'], { cwd: project })).code, 0);
  writeFileSync(join(project, 'topologies/none.ts'), 'export default 1;\n');
  const none = await aorta(['check'], { cwd: project });
  assert.equal(none.code, 1);
  assert.match(none.stderr, /topologies\/none\.ts cannot be loaded: its default export is not a flow\. \[AORTA_CLI_004\]/);
  rmSync(join(project, 'topologies/none.ts'));
  assert.match((await aorta(['graph', 'gone'], { cwd: project })).stderr, /There is no flow 'gone'.*\n.*Known: bed-moves/);
});
