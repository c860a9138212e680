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

test('the lock file names every platform package, so that `npm ci` works where the registry lacks one', () => {
  // npm writes none for a package its registry could not give, and `npm ci` then refuses the whole lock.
  const { packages } = JSON.parse(readFileSync(resolve(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>;
  };
  for (const [path, { optionalDependencies }] of Object.entries(packages)) {
    for (const name of Object.keys(optionalDependencies ?? {})) {
      const found = packages[`${path}/node_modules/${name}`] ?? packages[`node_modules/${name}`];
      assert.ok(found?.version, `${name} (of ${path || 'package.json'}) has no version in package-lock.json`);
    }
  }
});
