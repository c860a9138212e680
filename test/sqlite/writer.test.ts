import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AortaError } from '../../src/errors/index.ts';
import type { Database, Jobs } from '../../src/sqlite/database.ts';
import { countingTelemetry } from './counting.ts';
import { temporaryDatabase } from './temporary.ts';

type Trials = Jobs<typeof import('./jobs/trials.ts')>;
const trialsUrl = new URL('./jobs/trials.ts', import.meta.url);
const has = (code: string, errorClass: string) => (thrown: unknown) =>
  thrown instanceof AortaError && thrown.code === code && thrown.class === errorClass;

describe('the writer thread', () => {
  const telemetry = countingTelemetry();
  let database: Database;
  let remove: () => Promise<void>;
  let trials: Trials;
  let lastId = 0;
  const next = () => ++lastId;
  const insert = (id: number, body: Uint8Array | null = null) => trials('insert', (pack) => ({ id, body: body && pack(body) }));
  const ids = () => database.read<{ id: number }>('SELECT id FROM trial ORDER BY id').map((row) => row.id);

  before(async () => {
    ({ database, remove } = temporaryDatabase({ telemetry }));
    trials = database.jobs(trialsUrl);
    await trials('table', () => undefined as never);
  });
  after(() => remove());

  it('a write is seen by the next read once its promise has resolved', async () => {
    const id = next();
    assert.equal(await insert(id), id);
    assert.ok(ids().includes(id));
  });

  it('folds what was written into the file itself, soon, while it has nothing to do', async () => {
    const file = join(database.dir, 'aorta.db');
    const before = statSync(file).size;
    await insert(next(), new Uint8Array(1_000_000));
    // SQLite by itself would wait for 16 MB.
    for (let tries = 0; statSync(file).size < before + 1_000_000; tries++) {
      assert.ok(tries < 600, 'it stayed in the log');
      await sleep(50);
    }
  });

  it('commits waiting jobs together', async () => {
    const commits = telemetry.count('aorta_sqlite_commits_total');
    const jobs = telemetry.count('aorta_sqlite_jobs_total');
    await Promise.all(Array.from({ length: 500 }, () => insert(next())));
    assert.equal(telemetry.count('aorta_sqlite_jobs_total') - jobs, 500);
    assert.ok(telemetry.count('aorta_sqlite_commits_total') - commits <= 10, 'many commits for jobs that waited together');
  });

  it('groups jobs that come while another group commits, without being sent together', async () => {
    const commits = telemetry.count('aorta_sqlite_commits_total');
    const hanging = trials('hang', () => ({ ms: 100 }));
    const later: Promise<number>[] = [];
    for (let i = 0; i < 50; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      later.push(insert(next()));
    }
    await Promise.all([hanging, ...later]);
    assert.ok(telemetry.count('aorta_sqlite_commits_total') - commits < 25);
  });

  it('does jobs in the order of the calls', async () => {
    const from = lastId + 1;
    const done: number[] = [];
    await Promise.all(Array.from({ length: 50 }, () => insert(next()).then((id) => done.push(id))));
    assert.deepEqual(
      done,
      Array.from({ length: 50 }, (_, i) => from + i),
    );
  });

  it('a failing job rolls back alone, and its error tells no data', async () => {
    const [before, bad, after] = [next(), next(), next()];
    const results = await Promise.allSettled([
      insert(before),
      trials('insertThenThrow', () => ({ id: bad })),
      insert(after),
      insert(before),
    ]);
    assert.deepEqual(
      results.map((result) => result.status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
    );
    const [, thrown, , constraint] = results.map((result) => (result.status === 'rejected' ? (result.reason as AortaError) : undefined));
    assert.ok(has('AORTA_SQLITE_007', 'Defect')(thrown));
    assert.ok(!`${thrown?.stack}${(thrown?.cause as Error | undefined)?.stack}`.includes('Jane'));
    assert.match((thrown?.cause as Error | undefined)?.stack ?? '', /insertThenThrow/);
    assert.ok(has('AORTA_SQLITE_005', 'Permanent')(constraint));
    const found = ids();
    assert.deepEqual([found.includes(before), found.includes(bad), found.includes(after)], [true, false, true]);
  });

  it('forgets what jobs remembered when anything rolls back', async () => {
    const none = () => undefined as never;
    await trials('remember', () => ({ value: 5 }));
    assert.equal(await trials('remembered', none), 5);
    await assert.rejects(trials('insertThenThrow', () => ({ id: next() })));
    assert.equal(await trials('remembered', none), null);
  });

  it('an argument that cannot be sent fails alone', async () => {
    const results = await Promise.allSettled([
      insert(next()),
      trials('insert', () => ({ id: (() => 1) as never, body: null })),
      insert(next()),
    ]);
    assert.deepEqual(
      results.map((result) => result.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  it('a job that cannot be built or found rejects', async () => {
    await assert.rejects(
      trials('insert', () => {
        throw new Error('not built');
      }),
      /not built/,
    );
    await assert.rejects(
      (trials as unknown as (name: string, build: () => object) => Promise<void>)('missing', () => ({})),
      has('AORTA_SQLITE_007', 'Defect'),
    );
    await assert.rejects(
      database.jobs<Record<string, () => null>>(new URL('./missing.ts', import.meta.url))('any', () => undefined as never),
      has('AORTA_SQLITE_007', 'Defect'),
    );
  });

  it('sends the bytes of a slice, not the memory behind it, and leaves the caller its buffer', async () => {
    const large = Buffer.alloc(1 << 20, 1);
    const slice = large.subarray(10, 20);
    const { size, sum } = await trials('backing', (pack) => ({ body: pack(slice) }));
    assert.equal(sum, 10);
    assert.ok(size < 64 * 1024, `${size} bytes were sent for 10`);
    assert.equal(slice[0], 1);
  });

  it('takes a row of 16 MB', async () => {
    const body = Buffer.alloc(16 << 20, 7);
    const id = next();
    await insert(id, body);
    assert.deepEqual({ ...database.read('SELECT length(body) AS length FROM trial WHERE id = ?', [id])[0] }, { length: body.length });
  });

  it('the main thread cannot write, and reads are checked', () => {
    assert.throws(() => database.read('DELETE FROM trial'), has('AORTA_SQLITE_006', 'Defect'));
    assert.throws(() => database.read('SELECT nothing FROM trial'), has('AORTA_SQLITE_006', 'Defect'));
    assert.throws(() => database.select('SELECT id FROM trial WHERE id = ? OR id = ?', [1]), has('AORTA_SQLITE_006', 'Defect'));
    assert.throws(() => database.select('SELECT id FROM trial WHERE id = ?', [1, 2]), has('AORTA_SQLITE_006', 'Defect'));
    assert.equal(database.select('SELECT id FROM trial WHERE id = ?', [1]).length, 1);
  });

  it('row by row reading may stop early, and the file can be written meanwhile', async () => {
    let seen = 0;
    for (const _ of database.readEach('SELECT id FROM trial ORDER BY id')) if (++seen === 3) break;
    assert.equal(seen, 3);
    const id = next();
    await insert(id);
    assert.ok(ids().includes(id));
  });

  it('small tables need no job module: statements in one transaction, with their rows', async () => {
    const [id, other] = [next(), next()];
    const rows = await database.run([
      ['INSERT INTO trial (id, body) VALUES (?, ?) RETURNING id', [id, Buffer.from('x')]],
      ['SELECT count(*) AS n FROM trial WHERE id = ?', [id]],
    ]);
    assert.deepEqual(
      rows.map((list) => list.map((row) => ({ ...row }))),
      [[{ id }], [{ n: 1 }]],
    );
    await assert.rejects(
      database.run([
        ['INSERT INTO trial (id) VALUES (?)', [other]],
        ['INSERT INTO trial (id) VALUES (?)', [id]],
      ]),
      has('AORTA_SQLITE_005', 'Permanent'),
    );
    assert.ok(!ids().includes(other));
  });

  it('a ping reaches the disk', async () => {
    const commits = telemetry.count('aorta_sqlite_commits_total');
    await database.ping();
    assert.equal(telemetry.count('aorta_sqlite_commits_total'), commits + 1);
  });
});
