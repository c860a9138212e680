import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { extend } from '../../src/flow/flow.ts';
import type { Operator, OperatorSpec } from '../../src/flow/operator.ts';
import { mapSpec } from '../../src/flow/operators/map.ts';
import { flow, map, mapAsync, to } from '../../src/index.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, out } from './review-support.ts';

const value = async (telemetry: ReturnType<typeof prometheusTelemetry>, name: string) =>
  (await telemetry.read(name)).reduce((sum, sample) => sum + sample.value, 0);

/** An operator with a defect: it derives two children and settles one. */
const forgetful = (): Operator<Event, Event> => {
  const spec: OperatorSpec = {
    ...mapSpec,
    kind: 'forgetful',
    ack: 'derive',
    asynchronous: true,
    step: (node, next) => async (input, turn) => {
      turn.at = node.id;
      turn.derive(2);
      await turn.wait(node.id, 30_000, () => later());
      await next(input, turn);
    },
  };
  let later: () => Promise<void> = () => Promise.resolve();
  forgetfulLater = (wait) => {
    later = wait;
  };
  return (source) => extend(source, spec, { name: 'forgetful', options: {}, impl: {}, position: undefined });
};
let forgetfulLater: (wait: () => Promise<void>) => void = () => {};

describe('a handler that hangs', () => {
  it('is aborted at its deadline, its patient is tried again and parked, others flow, and it is named while it still runs', async () => {
    const telemetry = prometheusTelemetry({ level: 'silent' });
    const ends: (() => void)[] = [];
    const driver = await TestDriver.start<Event>(
      flow('calls')
        .from(events)
        .pipe(
          mapAsync(
            'call',
            (e: Event) => (e.kind === 'hang' ? new Promise<Event>((resolve) => ends.push(() => resolve(e))) : Promise.resolve(e)),
            {
              deadlineMs: 10_000,
            },
          ),
          to(out),
        ),
      { telemetry },
    );
    await driver.send(
      { key: 'p1', value: { n: 1, kind: 'hang' } },
      { key: 'p1', value: { n: 2, kind: 'x' } },
      { key: 'p2', value: { n: 3, kind: 'x' } },
    );
    assert.equal((await driver.emitted(out)).length, 1, 'the other patient');
    assert.deepEqual(
      driver.why('p1').map(({ reason, operator, overdue }) => [reason, operator, overdue]),
      [['running', 'call', false]],
    );
    await driver.advance(10_100);
    assert.equal(await value(telemetry, 'aorta_flow_hung_steps'), 1);
    assert.equal(await value(telemetry, 'aorta_flow_deadlines_total'), 1);
    const hung = () => driver.why('p1').filter(({ reason }) => reason === 'hung');
    assert.deepEqual(
      hung().map(({ operator, code, overdue, offset }) => [operator, code, overdue, offset]),
      [['call', 'AORTA_ENGINE_018', false, 0]],
    );
    assert.deepEqual(driver.running.overdue(), []);
    await driver.advance(35_000);
    const [overdue] = driver.running.overdue();
    assert.deepEqual([overdue?.reason, overdue?.code, overdue?.operator], ['hung', 'AORTA_ENGINE_018', 'call']);
    // The ladder: 5 s, 30 s, 2 m, 10 m, 30 m, each try hangs for 10 s.
    await driver.advance(3_600_000);
    const [head] = await driver.held();
    assert.deepEqual([head?.key, head?.count, head?.head.due, head?.head.errorCode], ['p1', 2, null, 'AORTA_ENGINE_003']);
    const committed = await driver.log.committed('aorta.calls', 'events');
    assert.ok(
      [...committed.values()].some((offset) => offset > 0),
      'what is held does not hold up the partition',
    );
    for (const end of ends) end();
    await driver.advance(10);
    assert.deepEqual(driver.running.overdue(), []);
    assert.equal(await value(telemetry, 'aorta_flow_hung_steps'), 0);
    await driver.stop();
  });
});

describe('an acknowledgement that is forgotten', () => {
  it('fails its turn, is reported with operator and age, and never completes by itself', async () => {
    const telemetry = prometheusTelemetry({ level: 'silent' });
    const driver = await TestDriver.start<Event>(
      flow('forgets')
        .from(events)
        .pipe(
          forgetful(),
          map((e) => e),
          to(out),
        ),
      { telemetry },
    );
    forgetfulLater(() => new Promise((resolve) => driver.clock.after(4_000, resolve)));
    await driver.send({ key: 'p1', value: { n: 1, kind: 'x' } });
    await driver.advance(4_100);
    assert.equal((await driver.emitted(out)).length, 0);
    const [held] = await driver.held();
    assert.deepEqual([held?.head.due, held?.head.errorCode, held?.head.errorClass], [null, 'AORTA_ENGINE_002', 'Defect']);
    const [overdue] = driver.running.overdue();
    assert.deepEqual(
      [overdue?.reason, overdue?.code, overdue?.operator, overdue?.forMs],
      ['unsettled', 'AORTA_ENGINE_002', 'forgetful', 4000],
    );
    assert.equal(await value(telemetry, 'aorta_flow_forgotten_acks_total'), 1);
    assert.match(driver.why('p1')[0]?.message ?? '', /AORTA_ENGINE_002/);
    await driver.advance(60_000);
    assert.deepEqual(driver.running.overdue(), [], 'told of for a while: the patient is parked, and a restart would not help');
    assert.equal(driver.why('p1')[0]?.reason, 'parked');
    await driver.stop();
  });
});
