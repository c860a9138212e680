import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { it } from 'node:test';
import { systemClock } from '../../src/clock/system.ts';
import { createSqliteLog } from '../../src/log/sqlite/log.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { createSqliteState } from '../../src/state/sqlite/state.ts';
import { seededRandom } from '../../src/testing/virtual-clock.ts';
import { fuzzSeed } from '../support/seed.ts';
import { temporaryDirectory } from './temporary.ts';

/** Starts the writing child, kills it after `afterMs` of work, gives what it had acknowledged. */
async function acknowledgedUntilKilled(
  dir: string,
  afterMs: number,
): Promise<{ appends: [id: string, partition: number, offset: number][]; group: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'child.ts'), dir, 'write'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (!text.includes('ready') && chunk.includes('ready')) setTimeout(() => child.kill('SIGKILL'), afterMs);
    text += chunk;
  });
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL');
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n');
  const appends = lines.filter((line) => line.startsWith('a ')).map((line) => line.split(' ').slice(1));
  const groups = lines.filter((line) => line.startsWith('g ')).map((line) => Number(line.slice(2)));
  return {
    appends: appends.map(([id, partition, offset]) => [id as string, Number(partition), Number(offset)]),
    group: groups.at(-1) ?? 0,
  };
}

it('kill -9 in the middle of writes loses nothing that was acknowledged and tears no group', async () => {
  const { dir, remove } = temporaryDirectory();
  const acknowledged: [string, number, number][] = [];
  const random = seededRandom(fuzzSeed());
  for (let round = 0; round < 4; round++) {
    const { appends, group } = await acknowledgedUntilKilled(dir, 30 + random.next() * 400);
    acknowledged.push(...appends);

    const database = openDatabase({ dir });
    const log = createSqliteLog({ database, clock: systemClock });
    const records = new Map<string, string>();
    for (const { partition, start, end } of await log.ends('adt')) {
      const read = await log.read({ topic: 'adt', partition }, start, end - start);
      assert.deepEqual(
        read.map((record) => record.offset),
        Array.from({ length: end - start }, (_, i) => start + i),
        'offsets without a hole',
      );
      for (const record of read) {
        const own = String(record.headers['eventId']);
        records.set(`${partition}/${record.offset}`, own);
        assert.ok(
          record.value?.every((byte) => byte === Number(own) % 251),
          'a torn value',
        );
      }
    }
    for (const [id, partition, offset] of acknowledged)
      assert.equal(records.get(`${partition}/${offset}`), id, 'an acknowledged append is lost');

    const state = createSqliteState({ database });
    const values = (await state.states('f', 's', ['one', 'two'])).map((row) => Number(row?.value ?? 0));
    const lane = await state.query<{ group_number: number; watermark: number }>('select group_number, watermark from aorta_lane', []);
    const stored = lane[0]?.group_number ?? 0;
    assert.ok(stored >= group, `group ${group} was acknowledged, ${stored} is stored`);
    assert.deepEqual([...values, lane[0]?.watermark], [stored, stored, stored], 'state and lane of one group belong together');
    await log.close();
    await database.close();
  }
  assert.ok(acknowledged.length > 20, 'the child was killed before it wrote anything worth the test');
  remove();
});
