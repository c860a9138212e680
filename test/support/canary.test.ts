import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import counts from '../../scripts/test-counts.ts';
import { canary, leaksVariable, lookThrough, lookThroughAnswer, watched } from './canary.ts';

test('the canary of the fixtures is found in log lines, metrics and problem documents, and not in what is shown to who may see it', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'aorta-leaks-'));
  const before = process.env[leaksVariable];
  t.after(() => {
    if (before === undefined) delete process.env[leaksVariable];
    else process.env[leaksVariable] = before;
    rmSync(dir, { recursive: true });
  });
  const file = join(dir, 'leaks');
  process.env[leaksVariable] = file;
  const lines: string[] = [];
  watched(lines).write(`{"msg":"admitted ${canary.family}"}`);
  watched(lines).write('{"msg":"admitted"}');
  lookThroughAnswer('/metrics', 'text/plain', `aorta_x{patient="${canary.mrn}7"} 1`);
  lookThroughAnswer('/fhir/Patient/1', 'application/problem+json; charset=utf-8', '{"detail":"call 0319996677"}');
  lookThroughAnswer('/fhir/Patient/1', 'application/fhir+json', `{"family":"${canary.family}"}`);
  lookThroughAnswer('/metrics', 'text/plain', 'aorta_x 1');
  const found = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.deepEqual(
    found.map((each) => each.split(',')[0]),
    ['a log line', 'metrics', 'a problem document'],
  );
  assert.equal(lines.length, 2);
  delete process.env[leaksVariable];
  assert.throws(() => lookThrough('stderr', canary.phone));
});

test('what a test process prints is looked through by the runner', async () => {
  async function* events() {
    yield { type: 'test:stdout', data: { file: '/a.test.ts', message: 'all is well\n' } };
    yield { type: 'test:stderr', data: { file: '/b.test.ts', message: `{"msg":"${canary.given}"}\n` } };
    yield { type: 'test:summary', data: { counts: { passed: 2, failed: 0, cancelled: 0 } } };
  }
  let said = '';
  for await (const piece of counts(events())) said += piece;
  const { passed, failed, leaks } = JSON.parse(said) as { passed: number; failed: number; leaks: string[] };
  assert.deepEqual([passed, failed, leaks.length], [2, 0, 1]);
  assert.match(leaks[0] ?? '', /^stderr of \/b\.test\.ts: /);
});
