import { ok, strictEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { eventually, type Product } from '../support/product.ts';
import type { Row } from './row.ts';

const places = 100;
const rssMb = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

export const r39: Row = {
  id: 'R39',
  promise: 'stalled event streams',
  fault:
    'all 100 places of the live stream of one worker are taken under load, 10 of them by readers that read nothing and one by a reader that gets the same; for these 11 a plant makes each event 256 KB long, so that who does not read falls behind',
  pass: 'the 10 are cut off once they are 256 KB behind (their places can be taken again) within 90 s, all others get every event to the end; RSS grows by less than 96 MB; health and metrics answer meanwhile',
  async run(kit) {
    const fleet = await kit.fleet({
      workers: 1,
      load: { random: kit.random, rate: Math.min(kit.rate, 300), patients: kit.patients },
      nodeOptions: ['--import', join(import.meta.dirname, '../plant/wide-view.ts')],
    });
    const worker = fleet.workers[0] as Product;
    const sockets: Socket[] = [];
    kit.after({
      async close() {
        for (const socket of sockets) socket.destroy();
      },
    });
    const open = async (reads: boolean, wide = !reads): Promise<Reader> => {
      const reader = new Reader(worker.httpPort, reads, wide);
      sockets.push(reader.socket);
      await reader.answered;
      return reader;
    };
    fleet.load.start();
    await kit.seconds(5, 3);
    const good = await Promise.all(Array.from({ length: places - 10 }, (_, n) => open(true, n === 0)));
    ok(
      good.every(({ status }) => status === 200),
      good.map(({ status }) => status).join(' '),
    );
    // Their first look is part of what a reader costs.
    await eventually('each reader to have an event', () => good.every(({ events }) => events > 0), 30_000);
    const base = rssMb(worker.pid);
    const stalled = await Promise.all(Array.from({ length: 10 }, () => open(false)));
    const begun = performance.now();
    ok(stalled.every(({ status }) => status === 200));
    const refused = await open(true);
    ok(refused.status >= 400, `all places are taken: ${refused.status}`);
    let highest = base;
    let slowestMs = 0;
    const late: Reader[] = [];
    await eventually(
      'the places of the stalled ones to be free',
      async () => {
        const from = performance.now();
        strictEqual((await worker.status('/healthz')).status, 200);
        slowestMs = Math.max(slowestMs, Math.round(performance.now() - from));
        highest = Math.max(highest, rssMb(worker.pid));
        const next = await open(true);
        if (next.status === 200) late.push(next);
        return late.length >= 10;
      },
      90_000,
      500,
    );
    const cutMs = Math.round(performance.now() - begun);
    strictEqual(stalled.length, late.length, 'one place each');
    kit.note(`cut off after ${cutMs} ms; RSS ${base.toFixed(0)} to ${highest.toFixed(0)} MB; ${good[0]?.events} events`);
    const before = good.map(({ events }) => events);
    await kit.seconds(6, 3);
    ok(
      good.every(({ events, over }, n) => !over && events > (before[n] as number)),
      'the others are served on',
    );
    const counts = good.map(({ events }) => events);
    ok(Math.max(...counts) - Math.min(...counts) <= 2, `all others get the same: ${Math.min(...counts)} to ${Math.max(...counts)}`);
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    const grownMb = Math.round(highest - base);
    ok(grownMb < 96, `RSS grew by ${grownMb} MB`);
    return {
      ...{ readers: places, stalled: stalled.length, cutMs, eventsOfOthers: Math.min(...counts), slowestHealthMs: slowestMs },
      ...{ rssGrownMb: grownMb, drainedMs },
      ...(await fleet.verify()),
    };
  },
};

/** Asks for the live stream. One that does not read takes the head of the answer and nothing more. */
class Reader {
  readonly socket: Socket;
  readonly answered: Promise<void>;
  status = 0;
  events = 0;
  over = false;
  #tail = '';

  constructor(port: number, reads: boolean, wide: boolean) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.over = true;
    });
    this.socket.write(`GET /api/ops/live HTTP/1.1\r\nHost: 127.0.0.1\r\n${wide ? 'X-Wide: 1\r\n' : ''}\r\n`);
    this.answered = new Promise((resolve) => {
      this.socket.once('close', () => resolve());
      this.socket.on('data', (bytes: Buffer) => {
        const text = this.#tail + bytes.toString('latin1');
        if (this.status === 0) this.status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);
        this.events += text.split('event: flows').length - 1;
        // An event's name may come in two pieces.
        this.#tail = text.slice(-'event: flows'.length + 1);
        if (this.status !== 0) resolve();
        if (!reads) this.socket.pause();
        else if (this.status >= 400) this.socket.destroy();
      });
    });
  }
}
