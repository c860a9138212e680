import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Document } from '../../benchmarks/report/document.ts';
import type { Report } from '../../benchmarks/report/report.ts';
import { services } from '../support/services.ts';

const script = join(import.meta.dirname, '../../benchmarks/run.ts');
const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], { env: process.env });

describe('aorta bench', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aorta-bench-run-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('runs Aorta beside a peer on the real services, keeps every patient in order, and ends with one line of JSON', async () => {
    services();
    const { stdout } = await run(
      'calls',
      '--peers',
      'per-key',
      '--messages',
      '3000',
      '--rounds',
      '1',
      '--rate',
      '0',
      '--duration',
      '30',
      '--json',
      '--out',
      folder,
    );
    const outcome = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Report;
    assert.equal(outcome.workload, 'calls');
    assert.deepEqual(Object.keys(outcome.peers), ['aorta', 'per-key']);
    for (const peer of Object.values(outcome.peers)) {
      assert.deepEqual(peer.verified, { messages: 3_000, outOfOrder: 0, duplicates: 0, missing: 0, wrong: 0 });
      assert.ok(peer.complete && peer.msgsPerSecond > 0 && peer.cpuSecondsPerMillion > 0 && peer.peakRssMb > 10);
    }
    assert.ok((outcome.ratios.throughput['per-key'] ?? 0) > 0 && (outcome.ratios.cpu['per-key'] ?? 0) > 0);
    const document = JSON.parse(readFileSync(join(folder, 'calls.json'), 'utf8')) as Document;
    assert.equal(document.workloads[0]?.peers['aorta']?.rounds.length, 1);
    assert.ok(document.workloads[0]?.peers['aorta']?.rounds[0]?.lag.at(-1)?.[1] === 0, 'the lag curve ends when all is out');
    assert.match(readFileSync(join(folder, 'calls.html'), 'utf8'), /<svg/);
  });

  it('refuses an unknown workload or peer with one line', async () => {
    for (const args of [['nonsense'], ['calls', '--peers', 'tuned']])
      await assert.rejects(
        run(...args),
        (thrown: { code?: number; stderr?: string }) => thrown.code === 1 && /AORTA_CFG_001/.test(thrown.stderr ?? ''),
      );
  });
});
