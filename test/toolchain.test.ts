import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

interface Manifest {
  readonly version: string;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly optionalDependencies: Record<string, string>;
}

const root = resolve(import.meta.dirname, '..');
const manifest = (path: string) => JSON.parse(readFileSync(resolve(root, path, 'package.json'), 'utf8')) as Manifest;
const ours = manifest('.');
const installed = (name: string) => manifest(`node_modules/${name}`).version;

test('the tests run on the pinned Node', () => {
  const pins = Object.values(ours.optionalDependencies).map((version) => version.split('.')[0]);
  assert.deepEqual(new Set(pins), new Set(['24']));
  assert.equal(process.versions.node.split('.')[0], '24');
});

test('an older system Node is no obstacle: the pinned one is first where npm runs scripts', () => {
  const bin = resolve(root, 'node_modules/.bin/node');
  assert.ok(existsSync(bin), 'node_modules/.bin/node');
  const platform = `node-${process.platform}-${process.arch}`;
  if (platform in ours.optionalDependencies) assert.equal(installed(platform), ours.optionalDependencies[platform]);
});

test('every dependency is pinned exactly, and installed as pinned', () => {
  for (const [name, version] of Object.entries({ ...ours.dependencies, ...ours.devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is not pinned to one version`);
    assert.equal(installed(name), version, `${name} in node_modules is not what package.json says: run \`npm ci --ignore-scripts\``);
  }
});
