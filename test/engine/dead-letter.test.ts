import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actor, deadLetter, flow, map, process, to } from '../../src/index.ts';
import { RedrivePump } from '../../src/ops/redrive-pump.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, out, permanent } from './review-support.ts';

describe('a dead letter', () => {
  it('carries exactly the headers that were agreed, its bytes unchanged, and nothing of the patient but its key', async () => {
    const driver = await TestDriver.start<Event>(
      flow('tolerant', { order: 'tolerant' })
        .from(events)
        .pipe(
          map('refuse', (e: Event) => {
            if (e.kind === 'Muster') throw permanent();
            return e;
          }),
          to(out),
        ),
    );
    await driver.send({ key: 'p1', value: { n: 1, kind: 'Muster' }, eventId: 'event-7', timestamp: 1_700_000_000_000 });
    await driver.advance(1000);
    const [letter] = driver.log.all('tolerant.dlq').flat();
    const [source] = driver.log.all('events').flat();
    assert.deepEqual(letter?.value, source?.value);
    const headers = Object.fromEntries(Object.entries(letter?.headers ?? {}).map(([name, value]) => [name, String(value)]));
    const partition = driver.log.all('events').findIndex((records) => records.length > 0);
    assert.deepEqual(headers, {
      eventId: 'event-7',
      'aorta-flow': 'tolerant',
      'aorta-operator': 'refuse',
      'aorta-error-class': 'Permanent',
      'aorta-error-code': 'AORTA_TEST',
      'aorta-attempts': '1',
      'aorta-source': `events/${partition}/0`,
      'aorta-source-timestamp': '1700000000000',
      'aorta-schema-id': String(source?.value?.readUInt32BE(1)),
      'aorta-graph-hash': driver.running.hash,
      'aorta-redrives': '0',
    });
    assert.ok((letter?.timestamp ?? 0) > 1_700_000_000_000, 'it is kept 30 days from now');
    await driver.stop();
  });

  it('redriven is a new root of its event, taken once however often it is appended, over restarts', async () => {
    let broken = true;
    const driver = await TestDriver.start<Event>(
      flow('tolerant', { order: 'tolerant' })
        .from(events)
        .pipe(
          map('refuse', (e: Event) => {
            if (broken && e.n === 1) throw permanent();
            return e;
          }),
          to(out),
        ),
    );
    await driver.send(
      { key: 'p1', value: { n: 1, kind: 'x' }, eventId: 'event-1' },
      { key: 'p1', value: { n: 2, kind: 'x' }, eventId: 'event-2' },
    );
    await driver.advance(1000);
    broken = false;
    const partition = driver.log.all('tolerant.dlq').findIndex((records) => records.length > 0);
    const note = {
      flow: 'tolerant',
      eventId: 'event-1',
      action: 'redrive' as const,
      actor: 'me',
      at: driver.clock.now(),
      letter: `${partition}-0`,
    };
    assert.deepEqual(await driver.state.operations.noteRedrives([{ ...note, id: 'a' }]), ['a']);
    assert.deepEqual(await driver.state.operations.noteRedrives([{ ...note, id: 'b' }]), []);
    const unsent = await driver.state.operations.unsentRedrives('tolerant', 10);
    const pump = () =>
      driver.until(new RedrivePump(driver.log, driver.state, silentTelemetry).send({ name: 'tolerant', source: 'events' }));
    assert.equal(await pump(), 1);
    // Sent and not marked, three times; before and after a restart.
    const { operations } = driver.state;
    const again = () => {
      let asked = 0;
      (operations as { unsentRedrives: typeof operations.unsentRedrives }).unsentRedrives = async () => (asked++ === 0 ? unsent : []);
      return pump();
    };
    assert.equal(await again(), 1);
    await driver.advance(1000);
    await driver.restart();
    assert.equal(await again(), 1);
    await driver.advance(1000);
    const emitted = (await driver.emitted(out)).map(({ value, headers }) => [value.n, headers['eventId']]);
    assert.deepEqual(emitted, [
      [2, 'event-2:out:0'],
      [1, 'event-1:out:0'],
    ]);
    await driver.stop();
  });

  it('is not made of a timer: it has no record to come back as, so its patient is parked', async () => {
    const reminder = actor<object, Event, Event>({
      version: 1,
      initial: () => ({}),
      receive: (state, e, ctx) => ({ state, emit: [e], timers: [{ name: 'later', at: ctx.now + 5000 }] }),
      timer: () => {
        throw permanent();
      },
    });
    const driver = await TestDriver.start<Event>(
      flow('tolerant', { order: 'tolerant', onFailure: { Defect: { last: deadLetter } } })
        .from(events)
        .pipe(process('reminder', reminder), to(out)),
    );
    await driver.send({ key: 'p1', value: { n: 1, kind: 'x' } });
    await driver.advance(10_000);
    assert.equal(driver.log.all('tolerant.dlq').flat().length, 0);
    const [held] = await driver.held();
    assert.deepEqual([held?.head.due, held?.head.reason, held?.head.errorClass], [null, 'park', 'Permanent']);
    await driver.stop();
  });
});
