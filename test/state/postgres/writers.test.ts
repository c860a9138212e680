import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StateWrite } from '../../../src/state/port.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';

test('states of two flows and of two versions of one are written in one transaction, the last write of each patient', async () => {
  const { drop, ...options } = freshSchema('writers');
  const state = createPostgresState(options);
  try {
    await state.migrate();
    const write = (key: string, value: string | null, version = '1'): StateWrite => ({
      ...{ store: 's', key, value: value === null ? null : Buffer.from(value), version: 1 },
      source: { eventId: 'e', flowHash: `h${version}`, version },
    });
    const groupOf = async (flow: string, partition: number) => {
      const lane = { flow, lane: 'main', topic: 't', partition };
      const { epoch } = await state.claim(lane, 2);
      const nothing = { effects: [], timers: [], outbox: [], held: [], suspects: [], redrivesDone: [] };
      return (group: number, states: readonly StateWrite[]) => ({
        ...{ lane, epoch, group, applied: { watermark: group, runs: [], hops: {} }, sentThrough: 0, states },
        ...nothing,
      });
    };
    const [a0, a1, b0] = [await groupOf('a', 0), await groupOf('a', 1), await groupOf('b', 0)];
    await state.transact([
      b0(1, [write('p1', 'b1'), write('p2', 'b2')]),
      a0(1, [write('p1', 'first'), write('p2', 'a2'), write('p3', null)]),
      a1(1, [write('p1', 'a1', '2'), write('p4', 'gone'), write('p4', null)]),
    ]);
    const read = async (flow: string) =>
      (await state.states(flow, 's', ['p1', 'p2', 'p3', 'p4'])).map((row) => row?.value.toString() ?? null);
    assert.deepEqual(await read('a'), ['a1', 'a2', null, null]);
    assert.deepEqual(await read('b'), ['b1', 'b2', null, null]);
    const sources = await state.query('select flow, key, source_flow, source_version from aorta_state order by flow, key', []);
    assert.deepEqual(
      sources.map((row) => Object.values(row).join(' ')),
      ['a p1 h2 2', 'a p2 h1 1', 'b p1 h1 1', 'b p2 h1 1'],
    );
    await state.transact([b0(2, [write('p1', null)]), a0(2, [write('p2', null)])]);
    assert.deepEqual(await read('a'), ['a1', null, null, null]);
    assert.deepEqual(await read('b'), [null, 'b2', null, null]);
  } finally {
    await state.close();
    await drop();
  }
});
