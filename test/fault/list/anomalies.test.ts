import { deepStrictEqual } from 'node:assert/strict';
import test, { after, before, beforeEach } from 'node:test';
import pg from 'pg';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import type { Table } from '../../../src/state/table.ts';
import { freshDatabase } from '../../support/services.ts';
import { anomalies, anomalyCounts, type Kind, prepare } from './anomalies.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let client: pg.Client;

before(async () => {
  database = await freshDatabase('fault_list');
  // The flow's own tables and the store's, made as the worker makes them.
  const { default: flow } = await import('./project/topologies/fault-list.ts');
  const tables = flow.chain.flatMap((node) => (node.impl as { tables?: readonly Table<never>[] }).tables ?? []);
  const state = createPostgresState({ url: database.url });
  await state.migrate();
  await state.ensureTables(tables);
  await state.close();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(prepare);
  await client.query('alter table fault_list disable trigger fault_note');
});
after(async () => {
  await client.end();
  await database.drop();
});

const origin = { source_event: '', source_flow: '', source_version: '' };
async function add(into: string, row: Record<string, unknown>): Promise<void> {
  const names = Object.keys(row);
  await client.query(`insert into ${into} (${names}) values (${names.map((_, n) => `$${n + 1}`)})`, Object.values(row));
}

/** Three patients with four entries each, all as promised. */
beforeEach(async () => {
  await client.query('truncate fault_list, fault_half, fault_sent, fault_emitted');
  let offset = 0;
  for (const patient of ['p1', 'p2', 'p3']) {
    for (const seq of [1, 2, 3, 4]) {
      const event_id = `${patient}-${seq}`;
      const run = `run ${event_id}`;
      await add('fault_sent', { patient, seq, event_id });
      await add('fault_list', {
        ...{ run, patient, pos: seq, seq, event_id, source_partition: 0, source_offset: offset, intended_at: 0 },
        ...{ owner: seq < 3 ? 'one' : 'two', epoch: seq < 3 ? 1 : 2, applied_at: offset, ...origin },
      });
      await add('fault_half', { run, event_id, ...origin });
      await add('fault_emitted', { patient, at: offset++, event_id });
    }
  }
});
const found = async () => (await anomalies(client)).map(({ kind, patient, seq }) => [kind, patient, seq]);

test('lists as promised, over a change of owner: nothing is found', async () => deepStrictEqual(await found(), []));

const planted: readonly [string, string, readonly [Kind, string | null, number | null][]][] = [
  ['an entry without its effect', `insert into fault_sent values ('p4', 1, 'p4-1')`, [['lost', 'p4', 1]]],
  [
    'an entry applied twice',
    `insert into fault_list (run, patient, pos, seq, event_id, source_partition, source_offset, intended_at, owner, epoch, applied_at, source_event, source_flow, source_version)
       select 'again', patient, 5, seq, event_id, source_partition, source_offset, intended_at, owner, epoch, applied_at, '', '', '' from fault_list where event_id = 'p1-4';
     insert into fault_half (run, event_id, source_event, source_flow, source_version) values ('again', 'p1-4', '', '', '')`,
    [['duplicate', 'p1', 4]],
  ],
  ['an effect of nothing', `delete from fault_sent where event_id = 'p2-2'`, [['invented', 'p2', 2]]],
  ['an effect under another patient', `update fault_sent set patient = 'p9' where event_id = 'p2-4'`, [['invented', 'p2', 4]]],
  [
    'two entries in the wrong order',
    `update fault_list set pos = 5 - pos where patient = 'p3' and pos in (2, 3); update fault_list set epoch = 1, owner = 'one' where patient = 'p3' and pos < 3;
     update fault_list set epoch = 2, owner = 'two' where patient = 'p3' and pos >= 3; update fault_emitted set at = at + (case event_id when 'p3-2' then 1 else -1 end) where event_id in ('p3-2', 'p3-3')`,
    [['reordered', 'p3', 2]],
  ],
  ['a stale owner', `update fault_list set epoch = 1, owner = 'one' where event_id = 'p1-4'`, [['reordered', 'p1', 4]]],
  ['a row without its second half', `delete from fault_half where event_id = 'p1-2'`, [['torn', 'p1', 2]]],
  [
    'a second half without its row',
    `insert into fault_half (run, event_id, source_event, source_flow, source_version) values ('alone', 'p1-1', '', '', '')`,
    [['torn', null, null]],
  ],
  [
    'a state that was set back',
    `update fault_list set pos = pos - 1 where patient = 'p2' and pos > 2`,
    [
      ['torn', 'p2', 3],
      ['torn', 'p2', 4],
    ],
  ],
  ['two processes under one epoch', `update fault_list set owner = 'three' where event_id = 'p1-4'`, [['two owners', null, null]]],
  ['a row that was not told', `delete from fault_emitted where event_id = 'p1-3'`, [['emission lost', 'p1', 3]]],
  ['a row that was told twice', `insert into fault_emitted values ('p1', 99, 'p1-4')`, [['emission twice', 'p1', null]]],
  ['rows told in the wrong order', `update fault_emitted set at = 100 where event_id = 'p1-1'`, [['emission reordered', 'p1', null]]],
];
for (const [what, sql, expected] of planted) {
  test(`finds ${what}, and nothing else`, async () => {
    await client.query(sql);
    deepStrictEqual(await found(), expected);
    const [kind] = expected.map(([name]) => name);
    deepStrictEqual(await anomalyCounts(client), [{ kind, count: expected.length }]);
  });
}
