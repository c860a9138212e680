import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { AortaError } from '../../../../src/errors/index.ts';
import { createFileAudit, type FileAuditOptions, verifyAudit } from '../../../../src/governance/audit/file/index.ts';
import type { Audit, AuditEvent } from '../../../../src/governance/audit/port.ts';
import { manualClock } from '../../../log/sqlite/manual-clock.ts';

const key = 'a key of at least thirty-two characters';
const event = (n: number, parts: Partial<AuditEvent> = {}): AuditEvent => ({
  at: 1_700_000_000_000 + n,
  actor: 'dr-roe',
  action: 'read',
  target: '/fhir/{type}/{id}',
  patientId: `patient-${n}`,
  outcome: 'success',
  details: { n, note: 'née "x"\n\u2028' },
  ...parts,
});

const dirs: string[] = [];
const folder = async (): Promise<string> => {
  dirs.push(await mkdtemp(join(tmpdir(), 'aorta-audit-')));
  return dirs.at(-1) as string;
};
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

async function withAudit(dir: string, work: (audit: Audit) => Promise<void>, options: Partial<FileAuditOptions> = {}): Promise<void> {
  const audit = await createFileAudit({ dir, key, ...options });
  try {
    await work(audit);
  } finally {
    await audit.close();
  }
}
const append = (from: number, to: number) => async (audit: Audit) => {
  for (let n = from; n <= to; n++) await audit.append(event(n));
};
const segmentsOf = async (dir: string): Promise<string[]> =>
  (await readdir(dir))
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(dir, name));
const recordsOf = async (dir: string) => {
  const texts = await Promise.all((await segmentsOf(dir)).map((path) => readFile(path, 'utf8')));
  return texts
    .join('')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { seq: number; event: AuditEvent });
};
/** Rewrites the lines of the only segment. */
async function tamper(dir: string, change: (lines: string[]) => string[]): Promise<void> {
  const [path] = (await segmentsOf(dir)) as [string];
  const lines = (await readFile(path, 'latin1')).split('\n').slice(0, -1);
  await writeFile(
    path,
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
    'latin1',
  );
}

describe('audit on files', () => {
  it('keeps events in the order of calls, through restarts', async () => {
    const dir = await folder();
    await withAudit(dir, async (audit) => {
      await Promise.all(Array.from({ length: 50 }, (_, n) => audit.append(event(n + 1))));
      assert.deepEqual(await audit.verify(), { intact: true, records: 50 });
    });
    await withAudit(dir, append(51, 60));
    const records = await recordsOf(dir);
    assert.deepEqual(
      records.map(({ seq }) => seq),
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
    assert.deepEqual(
      records.map((record) => record.event),
      Array.from({ length: 60 }, (_, i) => event(i + 1)),
    );
    assert.deepEqual(await verifyAudit({ dir, key }), { intact: true, records: 60 });
  });

  it('goes over segments', async () => {
    const dir = await folder();
    const options = { segmentBytes: 1000 };
    await withAudit(dir, append(1, 20), options);
    await withAudit(dir, append(21, 30), options);
    assert.ok((await segmentsOf(dir)).length > 3);
    assert.deepEqual(await verifyAudit({ dir, key }), { intact: true, records: 30 });
    await rm((await segmentsOf(dir))[1] as string);
    const verdict = await verifyAudit({ dir, key });
    assert.equal(verdict.intact, false);
    assert.equal(verdict.brokenAt, (verdict.records as number) + 1);
  });

  it('is for the owner only', async () => {
    const dir = join(await folder(), 'audit');
    await withAudit(dir, append(1, 1));
    assert.equal((await stat(dir)).mode & 0o777, 0o700);
    for (const path of [...(await segmentsOf(dir)), join(dir, 'checkpoint')]) assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  describe('names the first sequence number that does not fit', () => {
    const otherKey = 'another key of at least thirty-two characters';
    const alter = (line: string, at: number) => line.slice(0, at) + String.fromCharCode(line.charCodeAt(at) ^ 1) + line.slice(at + 1);
    const cases: Record<string, { change: (lines: string[]) => string[]; at: number }> = {
      'a byte of the event altered': { change: (lines) => lines.with(4, alter(lines[4] as string, 120)), at: 5 },
      'a byte of the number altered': { change: (lines) => lines.with(4, (lines[4] as string).replace('"seq":5', '"seq":4')), at: 5 },
      'a byte of the chain altered': { change: (lines) => lines.with(4, alter(lines[4] as string, 30)), at: 5 },
      'a byte of the mac altered': { change: (lines) => lines.with(4, alter(lines[4] as string, (lines[4] as string).length - 10)), at: 5 },
      'a byte that no longer is UTF-8': {
        change: (lines) => lines.with(4, (lines[4] as string).replace('\u00c3\u00a9', '\u00c3\u00ff')),
        at: 5,
      },
      'a line that is no record': { change: (lines) => lines.with(4, 'nothing'), at: 5 },
      'a middle record removed': { change: (lines) => lines.toSpliced(4, 1), at: 5 },
      'the first record removed': { change: (lines) => lines.slice(1), at: 1 },
      'the end cut off': { change: (lines) => lines.slice(0, 7), at: 8 },
      'everything removed': { change: () => [], at: 1 },
      'two records exchanged': {
        change: (lines) => [...lines.slice(0, 4), lines[5] as string, lines[4] as string, ...lines.slice(6)],
        at: 5,
      },
      'a record repeated': { change: (lines) => [...lines.slice(0, 5), lines[4] as string, ...lines.slice(5)], at: 6 },
    };
    for (const [name, { change, at }] of Object.entries(cases)) {
      it(name, async () => {
        const dir = await folder();
        await withAudit(dir, append(1, 10));
        assert.equal((await verifyAudit({ dir, key })).intact, true);
        await tamper(dir, change);
        const verdict = await verifyAudit({ dir, key });
        assert.equal(verdict.intact, false);
        assert.equal(verdict.brokenAt, at);
        assert.ok((verdict.problem as string).length > 0);
      });
    }

    it('a chain built again without the key', async () => {
      const [dir, forged] = [await folder(), await folder()];
      await withAudit(dir, append(1, 10));
      await withAudit(forged, append(1, 12), { key: otherKey });
      await tamper(dir, () => []);
      const lines = (await readFile((await segmentsOf(forged))[0] as string, 'latin1')).split('\n').slice(0, -1);
      await tamper(dir, () => lines);
      assert.deepEqual([(await verifyAudit({ dir, key })).intact, (await verifyAudit({ dir, key })).brokenAt], [false, 1]);
    });

    it('the checkpoint removed, or all segments removed', async () => {
      const dir = await folder();
      await withAudit(dir, append(1, 10));
      const checkpoint = await readFile(join(dir, 'checkpoint'));
      await rm(join(dir, 'checkpoint'));
      assert.equal((await verifyAudit({ dir, key })).brokenAt, 11);
      await writeFile(join(dir, 'checkpoint'), checkpoint);
      for (const path of await segmentsOf(dir)) await rm(path);
      assert.equal((await verifyAudit({ dir, key })).brokenAt, 1);
    });

    it('an older copy of the whole directory, when the checkpoint is elsewhere', async () => {
      const [dir, elsewhere] = [await folder(), await folder()];
      const checkpoint = join(elsewhere, 'checkpoint');
      await withAudit(dir, append(1, 10), { checkpoint });
      const copy = await readFile((await segmentsOf(dir))[0] as string);
      await withAudit(dir, append(11, 20), { checkpoint });
      await writeFile((await segmentsOf(dir))[0] as string, copy);
      assert.equal((await verifyAudit({ dir, key, checkpoint })).brokenAt, 11);
    });
  });

  it('what was removed stays visible after a restart', async () => {
    for (const remove of [(dir: string) => tamper(dir, (lines) => lines.slice(0, 6)), (dir: string) => rm(join(dir, 'checkpoint'))]) {
      const dir = await folder();
      await withAudit(dir, append(1, 10));
      await remove(dir);
      const first = (await verifyAudit({ dir, key })).brokenAt;
      await withAudit(dir, append(11, 12));
      const verdict = await verifyAudit({ dir, key });
      assert.equal(verdict.intact, false);
      assert.equal(verdict.brokenAt, first);
      assert.equal((await recordsOf(dir)).at(-3)?.event.action, 'gap');
    }
  });

  it('a torn last line is cut off and recorded', async () => {
    const dir = await folder();
    await withAudit(dir, append(1, 3));
    const [path] = (await segmentsOf(dir)) as [string];
    await writeFile(path, `${await readFile(path, 'utf8')}{"seq":4,"prev":"00`);
    assert.deepEqual(await verifyAudit({ dir, key }), { intact: true, records: 3 });
    await withAudit(dir, append(5, 5));
    const records = await recordsOf(dir);
    assert.deepEqual(
      records.map(({ event: { action } }) => action),
      ['read', 'read', 'read', 'repair', 'read'],
    );
    assert.deepEqual(records[3]?.event.details, { bytes: 19 });
    assert.deepEqual(await verifyAudit({ dir, key }), { intact: true, records: 5 });
  });

  it('kill -9 in the middle of writing loses nothing that was acknowledged, and the chain goes on', async () => {
    const dir = await folder();
    let expected = 0;
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [new URL('./writer.ts', import.meta.url).pathname, dir, key], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const died = new Promise((resolve) => child.once('exit', resolve));
      let output = '';
      child.stdout.on('data', (data: Buffer) => {
        output += data.toString();
        if (output.split('\n').length > 40 + round * 37) child.kill('SIGKILL');
      });
      await died;
      const acknowledged = output.split('\n').length - 1;
      assert.ok(acknowledged >= 40);
      await withAudit(dir, async (audit) => assert.equal((await audit.verify()).intact, true));
      const records = (await recordsOf(dir)).filter((record) => record.event.actor === 'writer');
      assert.ok(records.length - expected >= acknowledged, `${records.length - expected} of ${acknowledged}`);
      expected = records.length;
    }
  });

  it('a second writer of the directory is refused, so chains never fork', async () => {
    const dir = await folder();
    await withAudit(dir, async (audit) => {
      await audit.append(event(1));
      await assert.rejects(createFileAudit({ dir, key }), AortaError);
      await audit.append(event(2));
    });
    await withAudit(dir, append(3, 3));
    assert.deepEqual(await verifyAudit({ dir, key }), { intact: true, records: 3 });
  });

  it('verifies beside a running writer', async () => {
    const dir = await folder();
    await withAudit(dir, async (audit) => {
      let stop = false;
      const writing = (async () => {
        for (let n = 1; !stop; n++) await audit.append(event(n));
      })();
      for (let i = 0; i < 20; i++) assert.equal((await verifyAudit({ dir, key })).intact, true);
      stop = true;
      await writing;
    });
  });

  it('a disk that fails rejects what waits, and the next append goes on', async () => {
    const dir = await folder();
    await withAudit(
      dir,
      async (audit) => {
        await audit.append(event(1));
        // Where the next segment's file should be.
        const next = join(dir, 'audit-000000000000002.jsonl');
        await mkdir(next);
        const failed = await Promise.allSettled([audit.append(event(2)), audit.append(event(3))]);
        for (const one of failed)
          assert.ok(one.status === 'rejected' && one.reason instanceof AortaError && one.reason.class === 'Transient');
        await rmdir(next);
        await audit.append(event(4));
        assert.deepEqual(await audit.verify(), { intact: true, records: 2 });
      },
      { segmentBytes: 10 },
    );
  });

  it('what waits is bounded', async () => {
    const dir = await folder();
    await withAudit(
      dir,
      async (audit) => {
        const results = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => audit.append(event(n))));
        assert.deepEqual(
          results.map(({ status }) => status),
          [...Array(5).fill('fulfilled'), ...Array(3).fill('rejected')],
        );
        assert.ok(results.every((one) => one.status === 'fulfilled' || one.reason.class === 'Overload'));
      },
      { maxWaiting: 5 },
    );
  });

  it('a weak key is refused, and errors do not quote it', async () => {
    await assert.rejects(
      createFileAudit({ dir: await folder(), key: 'short key' }),
      (thrown: Error) => !thrown.message.includes('short key'),
    );
  });

  it('a closed audit rejects', async () => {
    const audit = await createFileAudit({ dir: await folder(), key });
    await audit.close();
    await audit.close();
    await assert.rejects(audit.append(event(1)), AortaError);
  });
});

describe('records that may wait', () => {
  it('go together, with the first one that may not, in the order of calls', async () => {
    const dir = await folder();
    const clock = manualClock();
    await withAudit(
      dir,
      async (audit) => {
        const settled: number[] = [];
        const waiting = [1, 2, 3].map((n) => audit.append(event(n), 10).then(() => settled.push(n)));
        await readdir(dir);
        assert.deepEqual(settled, [], 'nothing is written by itself');
        clock.advance(9);
        await audit.append(event(4));
        await Promise.all(waiting);
        assert.deepEqual(settled, [1, 2, 3]);
        assert.equal(clock.waiting, 0);
      },
      { clock },
    );
    assert.deepEqual(
      (await recordsOf(dir)).map(({ seq, event: { patientId } }) => [seq, patientId]),
      [1, 2, 3, 4].map((n) => [n, `patient-${n}`]),
    );
    assert.equal((await verifyAudit({ dir, key })).intact, true);
  });

  it('are written when their time is over, when somebody waits, when the chain is verified, and when it closes', async () => {
    const dir = await folder();
    const clock = manualClock();
    const audit = await createFileAudit({ dir, key, clock });
    const late = audit.append(event(1), 10);
    clock.advance(10);
    await late;
    const asked = audit.append(event(2), 10);
    audit.hurry?.();
    await asked;
    audit.hurry?.();
    const checked = audit.append(event(3), 10);
    assert.equal((await audit.verify()).records, 3);
    await checked;
    const closed = audit.append(event(4), 10);
    await audit.close();
    await closed;
    assert.equal((await recordsOf(dir)).length, 4);
    await assert.rejects(audit.append(event(5), 10), (thrown: AortaError) => thrown.code === 'AORTA_AUDIT_002');
    assert.equal(clock.waiting, 0);
  });

  for (const [what, before] of [
    ['in the same turn', 0],
    ['while a write is under way', 2],
  ] as const)
    it(`have a timer also when the one before was taken along by a write that began ${what}`, async () => {
      const dir = await folder();
      const clock = manualClock();
      await withAudit(
        dir,
        async (audit) => {
          const taken = [audit.append(event(1))];
          // The write of the first is under way, the next is urgent, and the third is taken with it.
          for (let turn = 0; turn < before; turn++) await Promise.resolve();
          if (before > 0) taken.push(audit.append(event(2)));
          taken.push(audit.append(event(3), 10));
          await Promise.all(taken);
          clock.advance(10);
          const alone = audit.append(event(4), 10);
          assert.equal(clock.waiting, 1, 'nobody else hurries');
          clock.advance(10);
          await alone;
          assert.equal(clock.waiting, 0);
        },
        { clock },
      );
      assert.equal((await recordsOf(dir)).at(-1)?.event.patientId, 'patient-4');
    });
});
