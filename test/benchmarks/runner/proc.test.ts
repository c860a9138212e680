import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { cpuOfFamily, parentOf, parseStat, parseStatus, parseStatWithEnded, usageOf } from '../../../benchmarks/runner/proc.ts';

describe('processor time and memory of a process', () => {
  it('is read past a name with blanks and parentheses', () => {
    const stat = '42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 7 9 20 0 11 0 100 1000 200';
    assert.equal(parseStat(stat, 100), 3);
  });

  it('names the parent, and counts children that ended where it is asked to', () => {
    const stat = '42 (a (b) c) S 7 42 42 0 -1 4194560 100 0 0 0 250 50 100 20 20 0 11 0 100 1000 200';
    assert.equal(parentOf(stat), 7);
    assert.equal(parseStat(stat, 100), 3);
    assert.equal(parseStatWithEnded(stat, 100), 4.2);
  });

  it('of a family holds what a child used, while it lives and when it has ended', async () => {
    const work =
      'const end = () => process.cpuUsage().user > 300_000; while (!end()) Math.sqrt(2); console.log("done"); process.stdin.resume()';
    const before = cpuOfFamily(process.pid, []);
    const child = spawn(process.execPath, ['-e', work], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const living = cpuOfFamily(process.pid, [child.pid as number]);
    assert.ok(living - before >= 0.3, `${living - before} s while it lives`);
    child.stdin.end();
    await once(child, 'close');
    const ended = cpuOfFamily(process.pid, [child.pid as number]);
    assert.ok(ended - before >= 0.3, `${ended - before} s when it has ended`);
  });

  it('is the peak, not what is resident now', () => {
    assert.equal(parseStatus('Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t  1024 kB\n'), 200);
    assert.throws(() => parseStatus('Name:\tnode\nState:\tZ (zombie)\n'), /has ended/);
  });

  it('grows with the work of this very process, by what the process itself sees', () => {
    const [before, own] = [usageOf(process.pid), process.cpuUsage()];
    let sum = 0;
    // By its own account, so that a busy machine takes longer and no less.
    while (process.cpuUsage(own).user < 200_000) for (let i = 0; i < 1e5; i++) sum += Math.sqrt(i);
    assert.ok(sum > 0);
    const { user, system } = process.cpuUsage(own);
    const after = usageOf(process.pid);
    const seen = after.cpuSeconds - before.cpuSeconds;
    assert.ok(Math.abs(seen - (user + system) / 1e6) < 0.1, `${seen} s beside ${(user + system) / 1e6} s`);
    assert.ok(after.peakRssMb >= process.memoryUsage.rss() / 2 ** 20 / 2);
  });
});
