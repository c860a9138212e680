import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { describe, it } from 'node:test';
import { systemClock } from '../../../src/clock/system.ts';
import type { RunningFlow } from '../../../src/engine/index.ts';
import { openSite, until } from '../../support/hospital/site.ts';
import { ask } from '../../support/http.ts';
import { openEdge } from '../edge.ts';

interface Stream {
  readonly headers: http.IncomingHttpHeaders;
  readonly status: number;
  text: string;
  readonly views: () => {
    profile: string;
    quarantined: number | null;
    flows: { name: string; held: number; totals: Record<string, number>; nodes: object }[];
  }[];
  /** True: the server ended it; false: it was cut. */
  readonly ended: Promise<boolean>;
  close(): void;
}

function follow(url: string): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}/api/ops/live`, { agent: false }, (response) => {
      const stream: Stream = {
        headers: response.headers,
        status: response.statusCode ?? 0,
        text: '',
        views: () => [...stream.text.matchAll(/^event: flows\ndata: (.*)\n\n/gm)].map(([, data]) => JSON.parse(data ?? '')),
        ended: new Promise((done) => response.on('close', () => done(response.complete))),
        close: () => request.destroy(),
      };
      response.setEncoding('utf8').on('data', (part) => {
        stream.text += part;
      });
      response.on('error', () => {});
      resolve(stream);
    });
    request.on('error', reject);
  });
}

/** Timers run a hundred times as fast. */
const fast = { ...systemClock, after: (ms: number, fn: () => void) => systemClock.after(ms / 100, fn) };

/** A flow whose totals rise at every look. */
function countingFlow(): RunningFlow & { looks: number } {
  const flow = {
    name: 'counting',
    looks: 0,
    totals: () => ({ done: ++flow.looks }),
    partitions: () => [],
    overdue: () => [],
  };
  return flow as never;
}

describe('the live stream', () => {
  it('tells at once how it is, then every change, and ends with the server', async (t) => {
    const site = await openSite();
    t.after(() => site.close());
    const stream = await follow(site.url);
    assert.equal(stream.status, 200);
    assert.match(String(stream.headers['content-type']), /^text\/event-stream/);
    assert.equal(stream.headers['cache-control'], 'no-store, no-transform');
    assert.equal(stream.headers['x-accel-buffering'], 'no');
    assert.equal(stream.headers['x-content-type-options'], 'nosniff');
    const [first] = await until('a first view', () => stream.views().length > 0 && stream.views());
    assert.equal(first?.profile, 'embedded');
    assert.equal(first?.quarantined, 0);
    assert.deepEqual(first?.flows.map(({ name, totals }) => [name, totals['done']]).sort(), [
      ['adt-admissions', 0],
      ['ward-letters', 0],
    ]);

    site.break();
    await site.send(
      { event: 'A01', at: '202601010800', place: '4W^1^A', id: 'HOLD-1', pid: { 5: 'Geheim^Max' } },
      { event: 'A02', at: '202601010900', place: '', id: 'skipped-1' },
    );
    await site.sendRaw('MSH|^~\\&|X|Y|||20260101||ADT^A01|r1|P|2.5\rPID|1\r');
    const last = await until('everything is seen', () => {
      const view = stream.views().at(-1);
      const admissions = view?.flows.find(({ name }) => name === 'adt-admissions');
      const letters = view?.flows.find(({ name }) => name === 'ward-letters');
      return (
        view?.quarantined === 1 &&
        admissions?.totals['done'] === 1 &&
        admissions.totals['skipped'] === 1 &&
        letters?.held === 1 && { admissions, letters }
      );
    });
    assert.deepEqual(last.admissions.nodes, { destination: { skipped: 1 } });
    assert.deepEqual(last.letters.nodes, { 'write-letter': { errors: 1 } });
    assert.doesNotMatch(stream.text, /Geheim|GENHOSP|M1/);
    await site.close();
    assert.equal(await stream.ended, true);
  });

  it('sees flows that start after the watcher came', async (t) => {
    const flows: RunningFlow[] = [];
    const edge = await openEdge(t, { flows, clock: fast });
    const stream = await follow(edge.url);
    await until('a first view', () => stream.views().length > 0);
    assert.deepEqual(stream.views()[0]?.flows, []);
    flows.push(countingFlow());
    await until('the flow', () => stream.views().at(-1)?.flows[0]?.name === 'counting');
    await edge.stop();
    await stream.ended;
  });

  it('keeps the connection open with comments, and says nothing where nothing changes', async (t) => {
    const edge = await openEdge(t, { clock: fast });
    const stream = await follow(edge.url);
    await until('two comments', () => (stream.text.match(/^: keep-alive\n\n/gm)?.length ?? 0) >= 2);
    assert.equal(stream.views().length, 1);
    stream.close();
  });

  it('looks only while somebody watches', async (t) => {
    const flow = countingFlow();
    const edge = await openEdge(t, { flows: [flow], clock: fast });
    const [one, other] = [await follow(edge.url), await follow(edge.url)];
    await until('both are told', () => one.views().length > 3 && other.views().length > 3);
    one.close();
    const before = other.views().length;
    await until('the other still is', () => other.views().length > before + 3);
    other.close();
    await until('looks end', async () => {
      const { looks } = flow;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return flow.looks === looks;
    });
    const again = await follow(edge.url);
    await until('and begin again', () => again.views().length > 1);
  });

  it('cuts a reader off that does not read, and serves the others', async (t) => {
    const flow = countingFlow();
    const edge = await openEdge(t, { flows: [flow], clock: fast, entrances: { big: 'x'.repeat(200_000) } });
    const { hostname, port } = new URL(edge.url);
    const stuck = net.connect(Number(port), hostname);
    const cut = new Promise<void>((resolve) => stuck.once('close', () => resolve()));
    stuck.on('error', () => {});
    stuck.write(`GET /api/ops/live HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
    stuck.pause();
    const { looks } = await until('the stuck one alone is watched for', () => flow.looks > 0 && flow);
    // Nobody looks any more once it is cut.
    await until('it is cut', async () => {
      const before = flow.looks;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return flow.looks > looks + 2 && flow.looks === before;
    });
    stuck.resume();
    await cut;
    const other = await follow(edge.url);
    await until('others are served', () => other.views().length > 1);
  });

  it('takes a hundred watchers, and the next when one has gone', async (t) => {
    const edge = await openEdge(t);
    const streams = await Promise.all(Array.from({ length: 100 }, () => follow(edge.url)));
    const refused = await ask(edge.url, '/api/ops/live');
    assert.deepEqual([refused.status, refused.json()['code'], refused.headers['retry-after']], [503, 'AORTA_EDGE_008', '5']);
    streams[0]?.close();
    await until('a place is free', async () => {
      const next = await follow(edge.url);
      next.close();
      return next.status === 200;
    });
    await edge.stop();
    await Promise.all(streams.map(({ ended }) => ended));
  });

  it('has no HEAD, which would never end', async (t) => {
    const edge = await openEdge(t);
    assert.equal((await ask(edge.url, '/api/ops/live', { method: 'HEAD' })).status, 404);
  });
});
