import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import type { types } from '../../src/schema/codec/type.ts';
import { moduleOf, staleFiles, writeFiles } from '../../src/schema/generate.ts';
import { declarations } from '../../src/schema/typescript.ts';
import { schemaAndValues } from './arbitrary.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

describe('type generator', () => {
  let directory: string;
  before(async () => {
    // Under the project, so that the compiler finds @types/node.
    const cache = join(root, 'node_modules/.cache/aorta');
    await mkdir(cache, { recursive: true });
    directory = await mkdtemp(join(cache, 'generate-'));
  });
  after(() => rm(directory, { recursive: true }));

  it('is up to date with schemas/*.avsc', async () => {
    const stale = await staleFiles(join(root, 'schemas'));
    assert.deepEqual(
      stale.map(({ path }) => path),
      [],
      'run `aorta schema gen`',
    );
  });

  it('names files that are stale, missing or left over; writing them settles it', async () => {
    const schemas = join(directory, 'schemas');
    await mkdir(schemas);
    await writeFile(join(schemas, 'bed.avsc'), '{"type":"record","name":"Bed","fields":[{"name":"id","type":"string"}]}');
    const names = async () => (await staleFiles(schemas)).map(({ path }) => path.slice(schemas.length));
    assert.deepEqual(await names(), ['/generated/bed.ts']);
    await writeFiles(await staleFiles(schemas));
    assert.deepEqual(await names(), []);
    await writeFile(join(schemas, 'generated/bed.ts'), `${await readFile(join(schemas, 'generated/bed.ts'), 'utf8')}// edited\n`);
    await writeFile(join(schemas, 'generated/gone.ts'), '');
    assert.deepEqual(await names(), ['/generated/bed.ts', '/generated/gone.ts']);
    await writeFiles(await staleFiles(schemas));
    assert.deepEqual(await names(), []);
  });

  it('refuses a schema that avsc refuses, with the file name', () => {
    assert.throws(() => moduleOf('bad.avsc', '{"type":"record","name":"X"}'), /AORTA_SCHEMA_002/);
    assert.throws(() => moduleOf('bad.avsc', '{'), /bad\.avsc/);
  });

  it('carries docs, units and PHI marks, and keeps names apart', () => {
    const { text, root: name } = declarations({
      type: 'record',
      name: 'Outer',
      namespace: 'a',
      doc: 'Ends here */ const evil = 1',
      fields: [
        { name: 'at', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }], doc: 'When.', phi: true },
        { name: 'one', type: { type: 'enum', name: 'Same', symbols: ['A'] } },
        { name: 'two', type: { type: 'fixed', name: 'Same', namespace: 'b', size: 2 } },
        { name: 'map', type: { type: 'record', name: 'Map', fields: [{ name: 'n', type: 'int' }] } },
        { name: 'both', type: ['int', 'long', 'null'] },
        { name: 'many', type: { type: 'array', items: ['null', 'Outer'] } },
      ],
    });
    assert.equal(name, 'Outer');
    assert.ok(!text.includes('here */ const'));
    assert.match(text, /\/\*\* When\. Milliseconds since 1970 \(UTC\)\. PHI\. \*\/\n {2}readonly at: null \| number;/);
    assert.match(text, /readonly one: ASame;/);
    assert.match(text, /readonly two: BSame;/);
    assert.match(text, /export interface AMap /);
    assert.match(text, /readonly both: \{ readonly "int": number \} \| \{ readonly "long": number \} \| null;/);
    assert.match(text, /readonly many: readonly \(null \| Outer\)\[\];/);
  });

  it('types what avsc accepts, and refuses what avsc refuses', async () => {
    const samples = fc.sample(schemaAndValues, 60);
    let wrong = 0;
    for (const [i, { schema, type, values }] of samples.entries()) {
      const { root: name } = declarations(schema);
      const lines = values.map((value, n) => `export const good${n}: ${name} = ${literal(value)};`);
      for (const [n, field] of (type as types.RecordType).fields.entries()) {
        const bad = misfits.find(([, value]) => !field.type.isValid(value));
        if (!bad) continue;
        wrong++;
        lines.push('// @ts-expect-error', `export const bad${n}: ${name}['${field.name}'] = ${bad[0]};`);
      }
      await writeFile(join(directory, `sample${i}.ts`), `${moduleOf(`sample${i}.avsc`, JSON.stringify(schema))}\n${lines.join('\n')}\n`);
    }
    assert.ok(wrong > 60, `${wrong} misfits`);
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
      include: ['sample*.ts'],
      exclude: [],
    };
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config));
    const compiled = await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', directory]).catch(
      (failed: { stdout: string }) => failed,
    );
    assert.equal(compiled.stdout, '');
  });
});

/** Literals that TypeScript and avsc must refuse alike, where avsc does. */
const misfits: readonly [string, unknown][] = [
  ['true', true],
  ['"not one of the symbols"', 'not one of the symbols'],
  ['12.5', 12.5],
  ['null', null],
];

/** TypeScript source of a value. */
function literal(value: unknown): string {
  if (Buffer.isBuffer(value)) return `Buffer.from('${value.toString('hex')}', 'hex')`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${literal(inner)}`);
    return `{ ${entries.join(', ')} }`;
  }
  return Object.is(value, -0) ? '-0' : String(typeof value === 'string' ? JSON.stringify(value) : value);
}
