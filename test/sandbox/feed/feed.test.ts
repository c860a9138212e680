import assert from 'node:assert/strict';
import net from 'node:net';
import { after, describe, it } from 'node:test';
import { createCanonical } from '../../../src/canonical/index.ts';
import { fhirResource, place, visit } from '../../../src/canonical/tables.ts';
import { systemClock } from '../../../src/clock/system.ts';
import { parse } from '../../../src/hl7/index.ts';
import { Framer, framed } from '../../../src/ingress/mllp/framer.ts';
import { startFeed } from '../../../src/sandbox/feed/index.ts';
import { inpatientsIn } from '../../../src/sandbox/feed/resume.ts';
import { bedKey, defaultWards } from '../../../src/sandbox/feed/wards.ts';
import { effect } from '../../../src/state/table.ts';
import { stores } from '../../canonical/store.ts';
import { PatientRun } from '../../topologies/adt-admissions/run.ts';

type Answer = 'AA' | 'AE' | 'close';

/** A receiver that answers as told, and remembers what came. */
async function receiver(answer: (message: Buffer, count: number) => Answer) {
  const received: Buffer[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    const framer = new Framer(1 << 20, {
      frame(content) {
        received.push(Buffer.from(content));
        const code = answer(content, received.length);
        if (code === 'close') return void socket.destroy();
        const id = parse(content).field('MSH', 10).raw.toString('latin1');
        socket.write(framed(Buffer.from(`MSH|^~\\&|HUB||||2026||ACK|1|P|2.5.1\rMSA|${code}|${id}\r`)));
      },
      truncated() {},
      outside() {},
      tooLarge() {},
    });
    socket.on('data', (chunk) => framer.push(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, received, close };
}

/** Time runs a hundred times as fast for the feed, but for its patience with an answer: a machine may stop for a second. */
const fast = {
  now: systemClock.now,
  monotonic: systemClock.monotonic,
  soon: systemClock.soon,
  after: (ms: number, fn: () => void) => systemClock.after(ms < 30_000 ? ms / 100 : ms, fn),
};

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; !what(); tries++) {
    assert.ok(tries < 6_000, 'it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const controlId = (message: Buffer): string => parse(message).text('MSH-10') ?? '';

describe('the hospital feed', () => {
  it('sends over MLLP, waits for answers, fills the beds and stops cleanly', async () => {
    const other = await receiver(() => 'AA');
    after(other.close);
    const feed = await startFeed({ host: '127.0.0.1', port: other.port, clock: fast });
    await until(() => feed.counts().acknowledged > 150);
    const { inpatients, beds, refused } = feed.counts();
    assert.ok(inpatients / beds > 0.5);
    assert.equal(refused, 0);
    assert.equal(new Set(other.received.map((message) => parse(message).text('MSH-3'))).size, 3);
    await feed.stop();
    const count = other.received.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(other.received.length, count);
  });

  it('sends the same bytes again after AE and after a lost connection, before anything later of that system', async () => {
    const seen = new Map<string, number>();
    const other = await receiver((message) => {
      const id = controlId(message);
      seen.set(id, (seen.get(id) ?? 0) + 1);
      return seen.size % 7 === 3 && seen.get(id) === 1 ? 'AE' : seen.size % 7 === 5 && seen.get(id) === 1 ? 'close' : 'AA';
    });
    after(other.close);
    const feed = await startFeed({ host: '127.0.0.1', port: other.port, clock: fast });
    await until(() => feed.counts().acknowledged > 100);
    await feed.stop();
    assert.ok(feed.counts().again > 10);
    assert.equal(feed.counts().refused, 0);
    for (const system of ['ADTMAIN', 'KIS', 'REGADT']) {
      const ofSystem = other.received.filter((message) => parse(message).text('MSH-3') === system);
      for (const [at, message] of ofSystem.entries()) {
        const earlier = ofSystem.findIndex((each) => controlId(each) === controlId(message));
        assert.ok(ofSystem[earlier]?.equals(message), 'the same bytes');
        assert.ok(
          ofSystem.slice(earlier, at).every((each) => controlId(each) === controlId(message)),
          'nothing in between',
        );
      }
    }
  });

  it('gives a message up after five refusals and goes on', async () => {
    let first: string | undefined;
    const other = await receiver((message) => {
      first ??= controlId(message);
      return controlId(message) === first ? 'AE' : 'AA';
    });
    after(other.close);
    const feed = await startFeed({ host: '127.0.0.1', port: other.port, clock: fast });
    await until(() => feed.counts().refused === 1 && feed.counts().acknowledged > 60);
    await feed.stop();
    assert.equal(other.received.filter((message) => controlId(message) === first).length, 5);
  });

  it('does not pile up messages while nobody answers', async () => {
    const other = await receiver(() => 'AA');
    await other.close();
    const feed = await startFeed({ host: '127.0.0.1', port: other.port, clock: fast, ratePerSecond: 500, burstPerSecond: 5000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(feed.counts().waiting <= 102, String(feed.counts().waiting));
    await feed.stop();
  });

  it('goes on with the patients of the last run', async () => {
    const other = await receiver(() => 'AA');
    after(other.close);
    const first = await startFeed({ host: '127.0.0.1', port: other.port, clock: fast, ratePerSecond: 0.001 });
    await until(() => first.counts().acknowledged >= 45);
    await first.stop();

    const store = await (stores['SQLite'] as NonNullable<(typeof stores)[string]>)();
    after(() => store.remove());
    const beds = new Set<string>();
    for (const message of other.received) {
      const run = await new PatientRun({}, parse(message).text('PID-3.1') ?? '').send(message);
      for (const table of [fhirResource, place, visit])
        await store.apply(...run.tables.rows<object>(table as never).map((row) => effect.upsert(table as never, row)));
      beds.add(
        bedKey({
          ward: parse(message).text('PV1-3.1') ?? '',
          room: parse(message).text('PV1-3.2') ?? '',
          bed: parse(message).text('PV1-3.3') ?? '',
        }),
      );
    }
    const canonical = createCanonical(store.state);
    const known = await inpatientsIn(canonical, 1, defaultWards);
    assert.deepEqual(new Set(known.map((inpatient) => bedKey(inpatient.bed))), beds);
    const visits = new Set(other.received.map((message) => parse(message).text('PV1-19.1')));
    assert.ok(known.every((inpatient) => visits.has(inpatient.visit)));

    const count = other.received.length;
    const second = await startFeed({ host: '127.0.0.1', port: other.port, clock: fast, canonical });
    await until(() => second.counts().acknowledged > 40);
    await second.stop();
    const newcomers = other.received.slice(count).filter((message) => parse(message).text('MSH-9.2') === 'A01');
    assert.ok(newcomers.length < 30, 'the beds were full already');
    assert.equal(new Set(other.received.map(controlId)).size > count, true);
  });
});
