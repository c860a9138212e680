import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { AortaError, classOf } from '../../src/errors/index.ts';
import { type Database, openDatabase } from '../../src/sqlite/database.ts';
import { temporaryDatabase, temporaryDirectory } from './temporary.ts';

const trialsOf = (database: Database) => database.jobs<typeof import('./jobs/trials.ts')>(new URL('./jobs/trials.ts', import.meta.url));
const none = () => undefined as never;
const has = (code: string) => (thrown: unknown) => thrown instanceof AortaError && thrown.code === code;

describe('the data directory', () => {
  it('belongs to one open at a time', async () => {
    const { database, dir, remove } = temporaryDatabase();
    assert.throws(() => openDatabase({ dir }), has('AORTA_SQLITE_001'));
    await database.close();
    await openDatabase({ dir }).close();
    await remove();
  });

  it('belongs to one process, and to the next one as soon as that is killed', async () => {
    const { dir, remove } = temporaryDirectory();
    const child = spawn(process.execPath, [join(import.meta.dirname, 'child.ts'), dir, 'hold'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      assert.throws(() => openDatabase({ dir }), has('AORTA_SQLITE_001'));
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await openDatabase({ dir }).close();
    remove();
  });

  it('is reopened with what it held', async () => {
    const { dir, remove } = temporaryDirectory();
    const database = openDatabase({ dir });
    await trialsOf(database)('table', none);
    await trialsOf(database)('insert', () => ({ id: 1, body: null }));
    await database.close();
    const again = openDatabase({ dir });
    assert.equal(again.read('SELECT id FROM trial').length, 1);
    await again.close();
    remove();
  });

  it('that cannot be made is refused with a code', () => {
    const { dir, remove } = temporaryDirectory();
    writeFileSync(join(dir, 'file'), '');
    assert.throws(() => openDatabase({ dir: join(dir, 'file', 'data') }), has('AORTA_SQLITE_003'));
    remove();
  });

  it('of a newer program is refused and left alone', async () => {
    const { dir, remove } = temporaryDirectory();
    await openDatabase({ dir }).close();
    const file = join(dir, 'aorta.db');
    const raw = new DatabaseSync(file);
    raw.exec('PRAGMA user_version = 9999');
    raw.close();
    const bytes = readFileSync(file);
    assert.throws(() => openDatabase({ dir }), has('AORTA_SQLITE_004'));
    assert.ok(readFileSync(file).equals(bytes));
    remove();
  });

  for (const [damage, harm] of Object.entries({
    'junk in place of the file': (file: string) => writeFileSync(file, Buffer.alloc(20_000, 'junk')),
    'a junk header': (file: string) => {
      const bytes = readFileSync(file);
      bytes.fill(0x5a, 0, 100);
      writeFileSync(file, bytes);
    },
    'junk in the first page': (file: string) => {
      const bytes = readFileSync(file);
      bytes.fill(0x5a, 100, 8000);
      writeFileSync(file, bytes);
    },
    'half of the file': (file: string) => truncateSync(file, 9000),
  })) {
    it(`damaged by ${damage} is refused with a code, and can be opened again once repaired`, async () => {
      const { dir, remove } = temporaryDirectory();
      await openDatabase({ dir }).close();
      const file = join(dir, 'aorta.db');
      const copy = join(dir, 'copy.db');
      copyFileSync(file, copy);
      harm(file);
      assert.throws(() => openDatabase({ dir }), has('AORTA_SQLITE_002'));
      copyFileSync(copy, file);
      await openDatabase({ dir }).close();
      remove();
    });
  }

  it('damaged while it is open rejects with a code', async () => {
    const { database, dir, remove } = temporaryDatabase();
    const trials = trialsOf(database);
    await trials('table', none);
    for (let id = 1; id <= 50; id++) await trials('insert', (pack) => ({ id, body: pack(Buffer.alloc(8000)) }));
    await database.close();
    const file = join(dir, 'aorta.db');
    const bytes = readFileSync(file);
    // Every page but those of the schema and the core tables' roots.
    bytes.fill(0x5a, Math.floor(bytes.length / 2));
    writeFileSync(file, bytes);
    const again = openDatabase({ dir });
    await assert.rejects(
      trialsOf(again)('insert', (pack) => ({ id: 51, body: pack(Buffer.alloc(8000)) })),
      has('AORTA_SQLITE_002'),
    );
    assert.throws(() => again.read('SELECT sum(length(body)) FROM trial'), has('AORTA_SQLITE_002'));
    await again.close();
    await remove();
  });
});

describe('a database in trouble', () => {
  it('a full disk is Transient, fails the job that does not fit, and lets the others through', async () => {
    const { database, remove } = temporaryDatabase();
    const trials = trialsOf(database);
    await trials('table', none);
    await trials('allowPages', () => ({ more: 4 }));
    const results = await Promise.allSettled([
      trials('insert', () => ({ id: 1, body: null })),
      trials('insert', (pack) => ({ id: 2, body: pack(Buffer.alloc(1 << 20)) })),
      trials('insert', () => ({ id: 3, body: null })),
    ]);
    assert.deepEqual(
      results.map((result) => (result.status === 'rejected' ? [(result.reason as AortaError).code, classOf(result.reason)] : result.value)),
      [1, ['AORTA_SQLITE_003', 'Transient'], 3],
    );
    assert.deepEqual(
      database.read<{ id: number }>('SELECT id FROM trial ORDER BY id').map((row) => row.id),
      [1, 3],
    );
    await trials('allowPages', () => ({ more: 1000 }));
    await trials('insert', (pack) => ({ id: 2, body: pack(Buffer.alloc(1 << 20)) }));
    await remove();
  });

  it('a lock of a foreign program is Transient, and work goes on after it', async () => {
    const { database, dir, remove } = temporaryDatabase();
    const trials = trialsOf(database);
    await trials('table', none);
    const foreign = new DatabaseSync(join(dir, 'aorta.db'));
    foreign.exec('BEGIN IMMEDIATE');
    const refused = await Promise.allSettled([1, 2, 3].map((id) => trials('insert', () => ({ id, body: null }))));
    for (const result of refused)
      assert.ok(result.status === 'rejected' && has('AORTA_SQLITE_003')(result.reason) && classOf(result.reason) === 'Transient');
    foreign.exec('ROLLBACK');
    foreign.close();
    await trials('insert', () => ({ id: 1, body: null }));
    await remove();
  });

  it('a writer thread that stops rejects what waits as Transient and starts again', async () => {
    const { database, remove } = temporaryDatabase();
    const trials = trialsOf(database);
    await trials('table', none);
    const results = await Promise.allSettled([trials('crash', none), trials('insert', () => ({ id: 1, body: null }))]);
    for (const result of results) assert.ok(result.status === 'rejected' && has('AORTA_SQLITE_003')(result.reason));
    assert.equal(await trials('insert', () => ({ id: 1, body: null })), 1);
    await remove();
  });

  it('a disk that does not answer is Transient after the reply time-out', async () => {
    const { database, remove } = temporaryDatabase({ replyTimeoutMs: 50 });
    const trials = trialsOf(database);
    const hanging = trials('hang', () => ({ ms: 2000 }));
    const waiting = trials('table', none);
    await assert.rejects(hanging, has('AORTA_SQLITE_003'));
    await assert.rejects(waiting, has('AORTA_SQLITE_003'));
    await remove();
  });

  it('closing finishes what was sent; later calls are Cancelled; closing again is fine', async () => {
    const { database, dir, remove } = temporaryDatabase();
    const trials = trialsOf(database);
    const sent = [trials('table', none), ...[1, 2, 3].map((id) => trials('insert', () => ({ id, body: null })))];
    await Promise.all([database.close(), database.close()]);
    await Promise.all(sent);
    await assert.rejects(trials('table', none), has('AORTA_SQLITE_008'));
    assert.throws(() => database.read('SELECT 1'), has('AORTA_SQLITE_008'));
    assert.ok(!existsSync(join(dir, 'aorta.db-wal')), 'the last connection leaves no write-ahead log');
    chmodSync(join(dir, 'aorta.db'), 0o600);
    await remove();
  });
});
