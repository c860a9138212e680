import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { OutboxRecord, TimerWrite } from '../../../src/state/port.ts';
import type { Workers } from '../conformance.ts';
import { fresh, laneRef, Owner, source } from './groups.ts';

const stateWrite = (key: string, value: string | null, store = 's') => ({
  store,
  key,
  value: value === null ? null : Buffer.from(value),
  version: 2,
  source,
});
const timer = (key: string, due: number | null, parts: Partial<TimerWrite> = {}): TimerWrite => ({
  node: 'visit',
  key,
  name: 'reminder',
  due,
  payload: Buffer.from('{"n":1}'),
  eventId: `event-${key}`,
  ...parts,
});
const emission = (key: string, parts: Partial<OutboxRecord> = {}): OutboxRecord => ({
  topic: 'patient.timeline',
  partition: 3,
  key,
  value: Buffer.from(`value of ${key}`),
  headers: { eventId: key, 'aorta-seq': 'flow/3/17' },
  timestamp: 1_700_000_000_123,
  ...parts,
});

export function rowTests(workers: Workers): void {
  describe('actor state', () => {
    it('is loaded in the order of the keys, with null for what is not there', async () => {
      const owner = await Owner.claim(workers.one);
      await owner.commit({ states: [stateWrite('a', '1'), stateWrite('b', '2'), stateWrite('b', 'other', 'another')] });
      const loaded = await workers.two.states(owner.lane.flow, 's', ['b', 'missing', 'a', 'b']);
      assert.deepEqual(loaded, [
        { value: Buffer.from('2'), version: 2 },
        null,
        { value: Buffer.from('1'), version: 2 },
        { value: Buffer.from('2'), version: 2 },
      ]);
      assert.ok(Buffer.isBuffer(loaded[0]?.value));
      assert.deepEqual(await workers.one.states(owner.lane.flow, 's', []), []);
      assert.deepEqual(await workers.one.states('no such flow', 's', ['a']), [null]);
    });

    it('the last write of a key in a call wins, across groups too; null removes the row', async () => {
      const lane = laneRef();
      const a = await Owner.claim(workers.one, lane);
      const b = await Owner.claim(workers.one, { ...lane, partition: 1 });
      await workers.one.transact([
        a.next({
          states: [stateWrite('x', '1'), stateWrite('x', '2'), stateWrite('y', '1'), stateWrite('y', null), stateWrite('z', null)],
        }),
        b.next({ states: [stateWrite('x', '3'), stateWrite('z', 'last')] }),
      ]);
      const values = async () => (await workers.two.states(lane.flow, 's', ['x', 'y', 'z'])).map((row) => row?.value.toString() ?? null);
      assert.deepEqual(await values(), ['3', null, 'last']);
      await a.commit({ states: [stateWrite('x', null), stateWrite('y', 'again')] });
      assert.deepEqual(await values(), [null, 'again', 'last']);
    });

    it('carries the source of each row', async () => {
      const owner = await Owner.claim(workers.one);
      await owner.commit({ states: [stateWrite('a', '1')] });
      const rows = await workers.one.query(
        'select key, version, source_event, source_flow, source_version from aorta_state where flow = ?',
        [owner.lane.flow],
      );
      assert.deepEqual(rows, [{ key: 'a', version: 2, source_event: 'event-1', source_flow: 'hash-1', source_version: '3' }]);
    });

    it('takes a thousand keys and a megabyte value in one group', async () => {
      const owner = await Owner.claim(workers.one);
      const keys = Array.from({ length: 1000 }, (_, i) => `key-${i}`);
      const large = randomBytes(1 << 20);
      await owner.commit({ states: [...keys.map((key) => stateWrite(key, key)), { ...stateWrite('large', ''), value: large }] });
      const loaded = await workers.two.states(owner.lane.flow, 's', [...keys, 'large']);
      assert.ok(keys.every((key, i) => loaded[i]?.value.toString() === key));
      assert.ok(loaded.at(-1)?.value.equals(large));
    });

    it('keys may hold any characters', async () => {
      const owner = await Owner.claim(workers.one);
      const keys = ['{}', '"', '\\', ',', 'NULL', '', ' ', "'", 'é', '𝒳', 'a\nb'];
      await owner.commit({ states: keys.map((key) => stateWrite(key, key)) });
      const loaded = await workers.one.states(owner.lane.flow, 's', keys);
      assert.deepEqual(
        loaded.map((row) => row?.value.toString()),
        keys,
      );
    });
  });

  describe('timers', () => {
    it('come earliest first, up to a time and a limit, whole', async () => {
      const owner = await Owner.claim(workers.one);
      await owner.commit({ timers: [timer('c', 30), timer('a', 10, { payload: null }), timer('b', 20), timer('d', 40)] });
      const due = await workers.two.timers(owner.lane, 30, 10);
      assert.deepEqual(
        due.map((row) => row.key),
        ['a', 'b', 'c'],
      );
      assert.deepEqual(due[0], { ...timer('a', 10), payload: null });
      assert.deepEqual(due[1], timer('b', 20));
      assert.deepEqual(
        (await workers.two.timers(owner.lane, 100, 2)).map((row) => row.key),
        ['a', 'b'],
      );
    });

    it('there is one for each node, key and name: setting moves it, null cancels it', async () => {
      const owner = await Owner.claim(workers.one);
      await owner.commit({
        timers: [timer('a', 10), timer('a', 99, { name: 'other' }), timer('a', 98, { node: 'other' }), timer('gone', 10)],
      });
      await owner.commit({
        timers: [
          timer('a', 50),
          timer('a', 60, { payload: Buffer.from('new') }),
          timer('gone', 70),
          timer('gone', null),
          timer('never', null),
        ],
      });
      const due = await workers.one.timers(owner.lane, 1000, 10);
      assert.deepEqual(
        due.map((row) => [row.node, row.key, row.name, row.due]),
        [
          ['visit', 'a', 'reminder', 60],
          ['other', 'a', 'reminder', 98],
          ['visit', 'a', 'other', 99],
        ],
      );
      assert.equal(due[0]?.payload?.toString(), 'new');
    });

    it('belong to their lane', async () => {
      const lane = laneRef();
      const owner = await Owner.claim(workers.one, lane);
      await owner.commit({ timers: [timer('a', 10)] });
      assert.deepEqual(await workers.one.timers({ ...lane, partition: 5 }, 1000, 10), []);
    });
  });

  describe('outbox', () => {
    it('gives the groups above sentThrough in order, with their records as written', async () => {
      const owner = await Owner.claim(workers.one);
      const records = [
        emission('b'),
        emission('a', { value: null, headers: {}, partition: 0 }),
        emission('b', { value: Buffer.alloc(0) }),
        emission('é"'),
      ];
      await owner.commit({ outbox: records });
      await owner.commit({ outbox: [] });
      await owner.commit({ outbox: [emission('c')] });
      const { outbox } = await workers.two.claim(owner.lane, 12);
      assert.deepEqual(outbox, [
        { group: 1, records },
        { group: 3, records: [emission('c')] },
      ]);
    });

    it('deletes what has been sent', async () => {
      const owner = await Owner.claim(workers.one);
      for (const key of ['a', 'b', 'c']) await owner.commit({ outbox: [emission(key)] });
      await owner.commit({ sentThrough: 2 });
      const rows = () => workers.one.query('select group_number from aorta_outbox where flow = ? order by group_number', [owner.lane.flow]);
      assert.deepEqual(await rows(), [{ group_number: 3 }]);
      await owner.commit({ outbox: [emission('d')], sentThrough: 3 });
      assert.deepEqual(await rows(), [{ group_number: 5 }]);
      const claimed = await workers.two.claim(owner.lane, 12);
      assert.equal(claimed.sentThrough, 3);
      assert.deepEqual(
        claimed.outbox.map((row) => row.group),
        [5],
      );
    });
  });

  describe('redrive requests', () => {
    it('wait in order until a group takes them', async () => {
      const owner = await Owner.claim(workers.one);
      const flow = owner.lane.flow;
      const first = {
        id: fresh('01A'),
        flow,
        key: 'patient-1',
        errorClass: null,
        action: 'redrive' as const,
        actor: 'alice',
        at: 1_700_000_000_000,
      };
      const second = { ...first, id: fresh('01B'), key: null, errorClass: 'Transient', action: 'discard' as const, at: first.at + 1 };
      await workers.two.requestRedrive(first);
      await workers.two.requestRedrive(second);
      await workers.two.requestRedrive(first);
      await workers.two.requestRedrive({ ...first, id: fresh('01C'), flow: `${flow}-other` });
      assert.deepEqual(await workers.one.redriveRequests(flow), [first, second]);
      await owner.commit({ redrivesDone: [first.id, 'unknown'] });
      assert.deepEqual(await workers.one.redriveRequests(flow), [second]);
    });
  });

  it('a ping is answered', async () => {
    await workers.one.ping();
  });
}
