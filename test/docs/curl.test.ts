// The curl lines of README.md work as they stand, but for the address and the patient's id that they leave open.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openSite } from '../assist/site.ts';

const root = resolve(import.meta.dirname, '../..');

test('the curl lines of the README work at once on a fresh start', async (t) => {
  const lines = (await readFile(join(root, 'README.md'), 'utf8')).split('\n').filter((line) => line.startsWith('curl '));
  assert.ok(lines.length >= 2);
  const { worker, sandbox } = await openSite(t);
  const [patient] = sandbox.ehr.patients();
  for (const line of lines) {
    const { host } = new URL(worker.http);
    const command = line.replace('localhost:4100', host).replaceAll('…', patient?.id ?? '');
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { timeout: 120_000 });
    if (line.includes('/api/assist')) assert.match(stdout, /"type":"token"[\s\S]*data: \[DONE\]\n/, line);
    else assert.match(stdout, /^HTTP\/1\.1 202 [\s\S]*location: \/api\/jobs\/job-[\s\S]*"status":"queued"/i, line);
  }
});
