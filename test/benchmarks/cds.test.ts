import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

const script = new URL('../../benchmarks/cds.ts', import.meta.url).pathname;

interface Figures {
  readonly requests: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly withSixReads?: number;
  readonly withoutCards: number;
  readonly malformed: number;
  readonly refusedWithoutRetryAfter: number;
  readonly health: { readonly failed: number };
  readonly cpuMsPerRequest: number;
}

describe('the load of CDS Hooks', () => {
  it('is answered 200 with six reads each where the EHR is well, and 200 without cards where it hangs', async () => {
    const args = ['--variants', 'healthy,hung', '--rate', '10', '--seconds', '2', '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args]);
    const { workload, results } = JSON.parse(stdout) as { workload: string; results: Record<'healthy' | 'hung', Figures> };
    const { healthy, hung } = results;
    assert.equal(workload, 'cds');
    for (const { requests, statuses, malformed, health } of [healthy, hung]) {
      assert.deepEqual(
        { requests, statuses, malformed, failed: health.failed },
        { requests: 20, statuses: { 200: 20 }, malformed: 0, failed: 0 },
      );
    }
    assert.equal(healthy.withSixReads, 20);
    assert.ok(healthy.withoutCards < 20, 'nobody was told anything');
    assert.ok(healthy.cpuMsPerRequest > 0);
    assert.equal(hung.withoutCards, 20);
  });
});
