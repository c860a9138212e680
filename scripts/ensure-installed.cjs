// Runs before `npm start` and `npm test`, under whatever Node the system has (CommonJS, no dependencies):
// installs node_modules when it is missing or is not what package-lock.json says. Nothing on stdout.
'use strict';

const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');

function packages(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
}

/** Why an installation is needed, undefined when everything is in place. */
function reason() {
  const installedList = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, installedList))) return 'node_modules is missing';
  const wanted = packages('package-lock.json');
  const installed = packages(installedList);
  for (const path of Object.keys(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    // Optional packages of other platforms are never installed.
    if (found === undefined ? !wanted[path].optional : found.version !== wanted[path].version) {
      return `${path.replace('node_modules/', '')} is not at ${wanted[path].version}`;
    }
  }
  const pinned = join(root, 'node_modules/.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (!existsSync(pinned) && Number(process.versions.node.split('.')[0]) < 24) return 'the pinned Node 24 is missing';
  return undefined;
}

function install() {
  // Under npm both variables are set: the very npm that was called, not another one on PATH.
  const npm = process.env.npm_execpath;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  const done = npm
    ? spawnSync(process.env.npm_node_execpath || process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  return done.error
    ? done.error.message
    : done.status === 0
      ? undefined
      : `npm ci ended with ${done.status === null ? done.signal : done.status}`;
}

const why = reason();
if (why !== undefined) {
  console.error(`aorta: ${why}; installing (npm ci --ignore-scripts)`);
  const problem = install() || reason();
  if (problem) {
    console.error(`aorta: could not install: ${problem}. Check the network and the npm registry, then run \`npm ci --ignore-scripts\`.`);
    process.exit(1);
  }
}
