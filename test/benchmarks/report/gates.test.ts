import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadStudies, loadWorkloads } from '../../../benchmarks/contract/workloads.ts';
import { compared, readBaseline, saveBaseline } from '../../../benchmarks/report/baseline.ts';
import { type Gate, gates, judged } from '../../../benchmarks/report/gates.ts';
import type { Report } from '../../../benchmarks/report/report.ts';

const ratios = (throughput: Record<string, number>) => ({ throughput, cpu: {}, margin: {}, p99: {} });
const gate: Gate = { workload: 'adt', peer: 'tuned', figure: 'throughput', goal: 2, gate: 1, quick: 0.5 };
const verdict = (ratio: number, quick: boolean, own: Partial<Gate> = {}) =>
  judged('adt', ratios({ tuned: ratio }), quick, [{ ...gate, ...own }])[0]?.verdict;

describe('gates of the benchmarks', () => {
  it('fail a ratio below the one in force, which is lower in a quick run', () => {
    assert.equal(verdict(0.9, false), 'below the gate');
    assert.equal(verdict(0.9, true), 'above the gate');
    assert.equal(verdict(0.4, true), 'below the gate');
    assert.equal(verdict(2, false), 'goal reached');
    assert.equal(verdict(0.1, false, { gate: null }), 'below the goal');
    assert.equal(judged('adt', ratios({ other: 1 }), false, [gate])[0]?.verdict, 'not measured');
  });

  it('are about workloads that there are, and not above their goals', async () => {
    const names = [...(await loadWorkloads()), ...(await loadStudies())].map(({ name }) => name);
    for (const { workload, goal, gate: full, quick } of gates) {
      assert.ok(names.includes(workload), workload);
      assert.ok((full ?? 0) <= goal && (quick ?? 0) <= (full ?? goal));
    }
    assert.ok(
      gates.some(({ quick }) => quick !== null),
      'a quick run that cannot fail is none',
    );
  });
});

describe('baseline of the benchmarks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aorta-baseline-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'baseline.json');
  const report = (workload: string, throughput: Record<string, number>) => ({ workload, ratios: ratios(throughput) }) as unknown as Report;
  const about = { at: '2026-01-01', commit: 'c', machine: 'm' };

  it('is what a later run is compared with, as ratios', () => {
    saveBaseline([report('adt', { tuned: 2, other: 3 })], undefined, about, file);
    // Another run measured less: what it did not measure stays.
    saveBaseline([report('adt', { tuned: 4 }), report('calls', { tuned: 1 })], readBaseline(file), about, file);
    const baseline = readBaseline(file) ?? assert.fail();
    assert.equal(baseline.workloads['adt']?.throughput?.['other'], 3);
    assert.deepEqual(compared([report('adt', { tuned: 5, unknown: 9 })], baseline), [
      { workload: 'adt', peer: 'tuned', figure: 'throughput', before: 4, now: 5, change: 1.25 },
    ]);
  });

  it('is refused where it is something else', () => {
    assert.throws(() => readBaseline(join(folder, 'none.json')), /AORTA_CFG_001|cannot be read/);
    for (const text of ['{', '{"format":"other/1","workloads":{}}', 'null']) {
      writeFileSync(file, text);
      assert.throws(() => readBaseline(file), /is not/);
    }
  });

  it('in this repository can be read', () => {
    assert.ok(readBaseline(undefined));
  });
});
