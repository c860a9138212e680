import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actor, flow, process, to, topic } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';

const events = topic<number>('chained', 'int', { partitions: 4, merges: true });
const out = topic<number>('chained-out', 'int', { partitions: 4 });
const sum = actor<{ sum: number }, number, number>({
  version: 1,
  initial: () => ({ sum: 0 }),
  receive: (state, n) => ({ state: { sum: state.sum + n }, emit: [n] }),
  merge: (state, merged) => ({ state: { sum: state.sum + merged.sum } }),
});
const start = () => TestDriver.start<number>(flow('chain').from(events).pipe(process('sum', sum), to(out)));
const order = async (driver: TestDriver<number>, key: string, control: string, id: string, peer: string) => {
  await driver.sendRaw(key, Buffer.from(JSON.stringify({ id, peer })), { 'aorta-control': control, eventId: `${id}:${control}` });
  await driver.advance(500);
};
/** Behind which merges the record comes, as it stands at the patient. */
const behind = (driver: TestDriver<number>, eventId: string, key: string) =>
  driver.log
    .all('chained')
    .flat()
    .filter((record) => record?.key?.toString() === key && record.headers['eventId']?.toString() === eventId)
    .map((record) => record?.headers['aorta-after-merge']?.toString());

describe('a record that is forwarded along a chain of merges', () => {
  it('stays behind a merge that was under way when its survivor was merged on', async () => {
    const driver = await start();
    await driver.send({ key: 'A', value: 1 }, { key: 'B', value: 10 }, { key: 'C', value: 100 });
    // B leaves before the state of A has come.
    await order(driver, 'B', 'merge.hold', 'm1', 'A');
    await order(driver, 'C', 'merge.hold', 'm2', 'B');
    await order(driver, 'B', 'merge.out', 'm2', 'C');
    await order(driver, 'A', 'merge.out', 'm1', 'B');
    await driver.send({ key: 'A', value: 1000, eventId: 'late' });
    await driver.advance(5000);
    assert.deepEqual(behind(driver, 'late', 'B'), ['m1']);
    assert.deepEqual(behind(driver, 'late', 'C'), ['m1 m2']);
    assert.deepEqual(driver.stateOf('sum', 'C'), { sum: 1111 });
    assert.deepEqual(await driver.held(), []);
    await driver.stop();
  });

  it('waits no more for a merge that was folded in on the way: it goes along with the state', async () => {
    const driver = await start();
    await driver.send({ key: 'A', value: 1 }, { key: 'B', value: 10 }, { key: 'C', value: 100 });
    await order(driver, 'B', 'merge.hold', 'm1', 'A');
    await order(driver, 'A', 'merge.out', 'm1', 'B');
    await order(driver, 'C', 'merge.hold', 'm2', 'B');
    await order(driver, 'B', 'merge.out', 'm2', 'C');
    await driver.send({ key: 'A', value: 1000, eventId: 'late' });
    await driver.advance(5000);
    assert.deepEqual(behind(driver, 'late', 'C'), ['m2']);
    assert.deepEqual(driver.stateOf('sum', 'C'), { sum: 1111 });
    await driver.stop();
  });
});
