import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict';
import net from 'node:net';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { framed } from '../../src/ingress/mllp/framer.ts';
import { chance } from '../fault/support/chance.ts';
import { hospital } from '../fault/support/hospital.ts';
import { checkTimelines, settled } from '../fault/support/oracle.ts';
import { eventually, type Product, type QuarantineEntry } from '../fault/support/product.ts';
import { Senders } from '../fault/support/senders.ts';
import { type Site, site } from '../fault/support/site.ts';
import { adt, rawSender, verdict } from '../ingress/mllp/sender.ts';

// One product for all cases, and a good sender that works through its messages beside every one of them.
let here: Site;
let product: Product;
let good: Senders;
const patients = hospital(chance(7), 20, 20);

before(async () => {
  here = await site('embedded');
  product = await here.worker();
  good = new Senders(patients, { connections: 2, inFlight: 1, port: () => product.mllpPort });
  good.start();
});

after(async () => {
  await here.close();
});

interface Case {
  readonly what: string;
  readonly bytes: Buffer;
  /** MSA-1 and MSA-2 of the answer; none: the connection is closed without one, or nothing is said. */
  readonly answer?: string;
  readonly error?: RegExp;
  readonly code: string;
  readonly reason: string;
}

const edited = (controlId: string, edit: (text: string) => string): Buffer =>
  Buffer.from(edit(adt({ controlId }).toString('latin1')), 'latin1');
const start = Buffer.from([0x0b]);

const cases: Case[] = [
  {
    what: 'bytes that are no HL7 in a frame',
    bytes: framed(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')),
    answer: 'AR ',
    code: 'AORTA_HL7_001',
    reason: 'not-hl7',
  },
  {
    what: 'bytes outside of any frame',
    bytes: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    code: 'AORTA_MLLP_004',
    reason: 'outside-frame',
  },
  {
    what: 'half a frame, then the end',
    bytes: Buffer.concat([start, adt({ controlId: 'HALF' }).subarray(0, 60)]),
    code: 'AORTA_MLLP_003',
    reason: 'truncated',
  },
  {
    what: 'an event that is not known',
    bytes: framed(adt({ controlId: 'EVENT', event: 'A99' })),
    answer: 'AR EVENT',
    error: /\^?201/,
    code: 'AORTA_HL7_004',
    reason: 'unsupported-event',
  },
  {
    what: 'a message type that is not known',
    bytes: framed(edited('TYPE', (text) => text.replace('ADT^A01', 'XYZ^A01'))),
    answer: 'AR TYPE',
    error: /200/,
    code: 'AORTA_HL7_003',
    reason: 'unsupported-type',
  },
  {
    what: 'no PID',
    bytes: framed(edited('PIDLESS', (text) => text.replace(/\rPID[^\r]*/, ''))),
    answer: 'AE PIDLESS',
    error: /101/,
    code: 'AORTA_HL7_007',
    reason: 'required-missing',
  },
  {
    what: 'a PID without identifiers',
    bytes: framed(edited('NOID', (text) => text.replace(/PID\|1\|\|[^|]*/, 'PID|1||'))),
    answer: 'AE NOID',
    error: /101/,
    code: 'AORTA_HL7_007',
    reason: 'required-missing',
  },
  {
    what: 'an impossible date',
    bytes: framed(edited('DATE', (text) => text.replace('20240131115900', '20240231115900'))),
    answer: 'AE DATE',
    error: /102/,
    code: 'AORTA_HL7_008',
    reason: 'bad-date',
  },
  {
    what: 'a date of letters',
    bytes: framed(edited('DATE2', (text) => text.replace('20240131115900', 'yesterday'))),
    answer: 'AE DATE2',
    error: /102/,
    code: 'AORTA_HL7_008',
    reason: 'bad-date',
  },
  {
    what: 'bytes that are not of the charset it names',
    bytes: framed(adt({ controlId: 'CHARSET', name: Buffer.from([0x4d, 0xfc, 0x6c, 0x6c, 0xff]) })),
    answer: 'AE CHARSET',
    error: /102/,
    code: 'AORTA_HL7_010',
    reason: 'wrong-charset',
  },
  {
    what: 'a charset nobody knows',
    bytes: framed(adt({ controlId: 'CHARSET2', charset: 'KLINGON' })),
    answer: 'AE CHARSET2',
    error: /103/,
    code: 'AORTA_HL7_009',
    reason: 'unknown-charset',
  },
];

for (const { what, bytes, answer, error, code, reason } of cases) {
  test(`${what}: ${answer === undefined ? 'no answer' : `answered ${answer}`}, counted, quarantined`, async () => {
    const labels = { code, reason };
    const refusedBefore = await product.metric('aorta_mllp_refused_total', labels);
    const keptBefore = (await quarantine()).count;
    const sender = await rawSender(product.mllpPort, { allowHalfOpen: true });
    sender.write(bytes);
    sender.socket.end();
    await sender.closed;
    deepStrictEqual(sender.answers.map(verdict), answer === undefined ? [] : [answer]);
    if (error) match(sender.answers[0]?.split('\r').find((line) => line.startsWith('ERR')) ?? '', error);
    await eventually('the quarantine entry', async () => (await quarantine()).count > keptBefore, 10_000);
    strictEqual(await product.metric('aorta_mllp_refused_total', labels), refusedBefore + 1, 'counted by name');
    const { count, entries } = await quarantine();
    strictEqual(count, keptBefore + 1, 'one entry');
    const [entry] = entries;
    strictEqual(entry?.code, code);
    const shown = await product.get<{ body: string }>(`/api/ops/quarantine/${entry?.id}`);
    const body = Buffer.from(shown.body, 'base64');
    ok(bytes.includes(body) && body.length > 0, 'the bytes are kept as they came');
  });
}

test('64 MiB without an end: closed at the limit, its head is quarantined, memory is given back', { timeout: 400_000 }, async () => {
  const sender = await rawSender(product.mllpPort);
  const piece = Buffer.alloc(1024 * 1024, 0x41);
  sender.write(start);
  // At the limit the product says goodbye; what still comes is read for a moment and thrown away.
  for (let written = 0; written < 64 && !sender.socket.destroyed; written++) {
    await new Promise<void>((resolve) => {
      sender.socket.write(piece, () => resolve());
      void sender.closed.then(resolve);
    });
  }
  await sender.closed;
  deepStrictEqual(sender.answers, []);
  const closed = () => product.metric('aorta_mllp_connections_closed_total', { reason: 'frame-too-large' });
  await eventually('the closing to be counted', async () => (await closed()) === 1, 60_000);
  ok((await product.metric('aorta_mllp_refused_total', { code: 'AORTA_MLLP_001' })) >= 1);
  await eventually('the quarantine entry', async () => (await quarantine()).entries.some((entry) => entry.code === 'AORTA_MLLP_001'));
  await eventually('the memory to be given back', async () => (await product.metric('aorta_mllp_held_bytes')) === 0, 60_000);
});

test('500 idle connections: 200 of one address are taken, the others refused and counted, everybody else is served', async () => {
  const sockets = Array.from({ length: 500 }, () => net.connect({ host: '127.0.0.1', port: product.mllpPort }));
  let closed = 0;
  for (const socket of sockets) {
    socket.on('error', () => {});
    socket.on('close', () => closed++);
  }
  try {
    await eventually('300 to be refused', () => closed >= 300);
    await sleep(200);
    const open = await product.metric('aorta_mllp_connections');
    // The good sender's two are among them, until it has sent everything.
    ok(open >= 198 && open <= 200, `${open} open`);
    ok((await product.metric('aorta_mllp_connections_refused_total', { reason: 'peer' })) >= 300);
    const before = good.accepted.size;
    await eventually('the good sender to go on', () => good.done || good.accepted.size > before + 5);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  await eventually('the connections to be forgotten', async () => (await product.metric('aorta_mllp_connections')) <= 2);
});

test('the good sender was not harmed: everything accepted at the first try, in the timeline once', { timeout: 400_000 }, async () => {
  await good.finished(150_000);
  deepStrictEqual(good.answers, { AA: good.total });
  await settled([product]);
  await checkTimelines(product, patients, good.accepted, true);
});

test('nothing of it was a defect, and the process still stands', async () => {
  const stderr = product.stderr();
  ok(!/unhandled-rejection|exchange\.failed|"level":50/.test(stderr), stderr.slice(-2000));
  strictEqual((await product.status('/healthz')).status, 200);
  product.kill('SIGTERM');
  deepStrictEqual(await product.exited, { code: 0, signal: null });
});

const quarantine = () => product.get<{ count: number; entries: QuarantineEntry[] }>('/api/ops/quarantine?limit=50');
