import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { checkLayers } from '../scripts/layers.ts';

const root = mkdtempSync(join(tmpdir(), 'aorta-planted-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Checks a project that holds just these files. */
async function rulesBrokenBy(files: Record<string, string>): Promise<string[]> {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  cpSync(resolve(import.meta.dirname, '../package.json'), join(root, 'package.json'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return (await checkLayers(root)).violations.map((violation) => violation.rule);
}

const engine = { 'src/engine/mailbox.ts': 'export interface Mailbox { size: number }\nexport const mailbox: Mailbox = { size: 1 };\n' };
const library = (name: string) => `import * as library from '${name}';\nexport const used: unknown = library;\n`;

test('the project as it stands keeps the dependency law', async () => {
  assert.deepEqual((await checkLayers()).violations, []);
});

test('the flow may take types from elsewhere, but no values', async () => {
  const type = { ...engine, 'src/flow/a.ts': "import type { Mailbox } from '../engine/mailbox.ts';\nexport type A = Mailbox;\n" };
  assert.deepEqual(await rulesBrokenBy(type), []);
  const value = { ...engine, 'src/flow/a.ts': "import { mailbox } from '../engine/mailbox.ts';\nexport const a = mailbox;\n" };
  assert.deepEqual(await rulesBrokenBy(value), ['flow-imports-only-types']);
});

test('the engine knows ports, not adapters, not even their types', async () => {
  const port = { 'src/log/port.ts': 'export interface Log { close(): void }\n' };
  const throughPort = { ...port, 'src/engine/a.ts': "import type { Log } from '../log/port.ts';\nexport type A = Log;\n" };
  assert.deepEqual(await rulesBrokenBy(throughPort), []);
  const adapter = { 'src/log/kafka/log.ts': 'export class KafkaLog {}\n' };
  const type = { ...adapter, 'src/engine/a.ts': "import type { KafkaLog } from '../log/kafka/log.ts';\nexport type A = KafkaLog;\n" };
  assert.deepEqual(await rulesBrokenBy(type), ['engine-types-of-ports-only']);
  const inline = { ...adapter, 'src/engine/a.ts': "export type A = import('../log/kafka/log.ts').KafkaLog;\n" };
  assert.deepEqual(await rulesBrokenBy(inline), ['engine-types-of-ports-only']);
});

for (const [name, home] of [
  ['kafkajs', 'src/log/kafka/a.ts'],
  ['pg', 'src/postgres/a.ts'],
  ['avsc', 'src/schema/codec/a.ts'],
  ['@kafkajs/confluent-schema-registry', 'src/schema/confluent/a.ts'],
  ['node:sqlite', 'src/sqlite/a.ts'],
  ['rxjs', 'src/flow/operators/a.ts'],
] as const) {
  test(`${name} is imported in one place only`, async () => {
    assert.deepEqual(await rulesBrokenBy({ [home]: library(name) }), []);
    const elsewhere = await rulesBrokenBy({ 'src/ops/a.ts': library(name) });
    assert.equal(elsewhere.length, 1);
    assert.match(elsewhere[0] ?? '', /^only-/);
  });
}

test('a protocol imports nothing of ours but errors', async () => {
  const files = { ...engine, 'src/errors/index.ts': 'export const error = 1;\n' };
  assert.deepEqual(
    await rulesBrokenBy({ ...files, 'src/hl7/a.ts': "import { error } from '../errors/index.ts';\nexport const a = error;\n" }),
    [],
  );
  const planted = { ...files, 'src/hl7/a.ts': "import type { Mailbox } from '../engine/mailbox.ts';\nexport type A = Mailbox;\n" };
  assert.deepEqual(await rulesBrokenBy(planted), ['protocols-stand-alone']);
});

test('a topology imports the public API and schemas only', async () => {
  const files = { ...engine, 'src/index.ts': 'export const flow = 1;\n', 'schemas/topics.ts': 'export const topics = 1;\n' };
  const good = "import { flow } from 'aorta';\nimport { topics } from '../schemas/topics.ts';\nexport const a = [flow, topics];\n";
  assert.deepEqual(await rulesBrokenBy({ ...files, 'topologies/a.ts': good }), []);
  const inside = "import { mailbox } from '../src/engine/mailbox.ts';\nexport const a = mailbox;\n";
  assert.deepEqual(await rulesBrokenBy({ ...files, 'topologies/a.ts': inside }), ['topologies-use-the-public-api']);
  assert.deepEqual(await rulesBrokenBy({ ...files, 'topologies/a.ts': library('node:fs') }), ['topologies-use-the-public-api']);
});

test('cycles of values are refused everywhere, cycles of types between folders', async () => {
  const pair = (a: string, b: string, how: string, from: string, to: string) => ({
    [a]: `import ${how}{ B } from '${to}';\nexport const A = 1;\nexport type C = ${how === '' ? 'typeof ' : ''}B;\n`,
    [b]: `import ${how}{ C } from '${from}';\nexport ${how === '' ? 'const B = 1' : 'type B = 1'};\nexport type D = C;\n`,
  });
  const inside = (how: string) => pair('src/clock/a.ts', 'src/clock/b.ts', how, './a.ts', './b.ts');
  assert.deepEqual(await rulesBrokenBy(inside('type ')), []);
  assert.ok((await rulesBrokenBy(inside(''))).includes('no-cycles'));
  const between = pair('src/clock/a.ts', 'src/blob/b.ts', 'type ', '../clock/a.ts', '../blob/b.ts');
  assert.ok((await rulesBrokenBy(between)).includes('no-cycles-between-folders'));
});

test('an import that names no file is refused', async () => {
  assert.deepEqual(await rulesBrokenBy({ 'src/clock/a.ts': "import type { B } from './gone.ts';\nexport type A = B;\n" }), [
    'everything-resolves',
  ]);
});

test('an example in a comment is not an import', async () => {
  const text =
    "export interface A {\n  /** `typeof import('./gone.ts')` */\n  a: 1;\n  // import('./gone.ts')\n}\n/** import type { B } from './gone.ts'; */\n";
  assert.deepEqual(await rulesBrokenBy({ 'src/clock/a.ts': text }), []);
});
