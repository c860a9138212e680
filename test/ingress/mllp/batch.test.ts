import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { framed } from '../../../src/ingress/mllp/framer.ts';
import type { MllpListener } from '../../../src/ingress/mllp/listener.ts';
import { createMllpClient, type MllpClient } from '../../../src/sandbox/mllp-client.ts';
import { adt, rawSender, verdict } from './sender.ts';
import { type Site, site } from './site.ts';

const bhs = (id = 'B-1') => Buffer.from(`BHS|^~\\&|ADT|HOSP|AORTA|LAB|20240131120000||||${id}\r`);
const bts = (count: number | '') => Buffer.from(`BTS|${count}\r`);
const batchOf = (messages: readonly Buffer[], id?: string, count: number | '' = messages.length) =>
  Buffer.concat([bhs(id), ...messages, bts(count)]);

describe('A batch over MLLP', () => {
  let at: Site;
  let mllp: MllpListener;
  let client: MllpClient;
  before(async () => {
    at = await site('batches');
    mllp = await at.listen({ limits: { batchMessages: 200 } });
    client = createMllpClient({ host: '127.0.0.1', port: mllp.address.port, timeoutMs: 30_000 });
  });
  after(async () => {
    await client.close();
    await at.close();
  });
  const verdicts = async (batch: Buffer) => {
    const ack = await client.send(batch);
    return [ack.controlId, ...(ack.batch ?? []).map(({ code, controlId }) => `${code} ${controlId}`)];
  };

  it('is answered by one batch with an acknowledgement for each message; all are stored in their order', async () => {
    const messages = Array.from({ length: 100 }, (_, n) => adt({ controlId: `b-${n}`, mrn: 'B' }));
    assert.deepEqual(await verdicts(batchOf(messages)), ['B-1', ...messages.map((_, n) => `AA b-${n}`)]);
    assert.deepEqual(
      await at.stored('b-'),
      messages.map((_, n) => `b-${n}`),
    );
    assert.equal(at.telemetry.count('aorta_mllp_batches_total'), 1);
  });

  it('each message has its own verdict and its own check for duplicates, also of what came alone', async () => {
    const [good, twice] = [adt({ controlId: 'v-1' }), adt({ controlId: 'v-2' })];
    assert.equal((await client.send(twice)).code, 'AA');
    const before = at.telemetry.count('aorta_mllp_duplicates_total');
    const bad = adt({ controlId: 'v-3', event: 'A99' });
    assert.deepEqual(await verdicts(batchOf([good, twice, bad, good])), ['B-1', 'AA v-1', 'AA v-2', 'AR v-3', 'AA v-1']);
    assert.deepEqual(await at.stored('v-'), ['v-2', 'v-1']);
    assert.equal(at.telemetry.count('aorta_mllp_duplicates_total'), before + 2);
    const ack = await client.send(batchOf([good, bad]));
    assert.equal(`${ack.code} ${ack.errors[0]?.condition}`, 'AR 201');
  });

  it('with a wrong count: what is there is taken, and the batch itself is answered AE', async () => {
    const ack = await client.send(batchOf([adt({ controlId: 'n-1' })], 'B-7', 2));
    assert.deepEqual(
      ack.batch?.map(({ code, controlId }) => `${code} ${controlId}`),
      ['AA n-1', 'AE B-7'],
    );
    assert.deepEqual(
      ack.batch?.[1]?.errors.map(({ location, code }) => `${location} ${code}`),
      ['BTS^1^1^1 AORTA_HL7_040'],
    );
    assert.deepEqual(await at.stored('n-'), ['n-1']);
    assert.deepEqual(await at.quarantined(1), ['AORTA_HL7_040']);
    assert.equal(at.telemetry.count('aorta_mllp_refused_total', { reason: 'batch-count' }), 1);
  });

  it('without its trailer: the same, as what was cut off cannot be known', async () => {
    const ack = await client.send(Buffer.concat([bhs('B-8'), adt({ controlId: 's-1' })]));
    assert.deepEqual(
      ack.batch?.map(({ code, controlId }) => `${code} ${controlId}`),
      ['AA s-1', 'AE B-8'],
    );
    assert.deepEqual(await at.quarantined(1), ['AORTA_HL7_041']);
  });

  it('a file of several batches comes back as a file', async () => {
    const file = Buffer.concat([
      Buffer.from('FHS|^~\\&|ADT|HOSP|AORTA|LAB|20240131120000||||F-1\r'),
      batchOf([adt({ controlId: 'f-1' })], 'B-1'),
      batchOf([], 'B-2'),
      batchOf([adt({ controlId: 'f-2' })], 'B-3'),
      Buffer.from('FTS|3\r'),
    ]);
    const { raw } = await client.send(file);
    assert.deepEqual(
      raw
        .toString()
        .split('\r')
        .map((line) => line.slice(0, 5)),
      ['FHS|^', 'BHS|^', 'MSH|^', 'MSA|A', 'BTS|1', 'BHS|^', 'BTS|0', 'BHS|^', 'MSH|^', 'MSA|A', 'BTS|1', 'FTS|3', ''],
    );
  });

  it('with more messages than the limit is refused, and nothing of it is taken', async () => {
    for (const [name, batch] of [
      [
        'headed',
        batchOf(
          Array.from({ length: 201 }, (_, n) => adt({ controlId: `l-${n}` })),
          'B-9',
        ),
      ],
      ['plain', Buffer.concat(Array.from({ length: 201 }, (_, n) => adt({ controlId: `l-${n}` })))],
      ['headers only', Buffer.concat(Array.from({ length: 1_000 }, () => bhs('B-9')))],
    ] as const) {
      const ack = await client.send(batch);
      assert.equal(`${ack.code} ${ack.controlId}`, name === 'plain' ? 'AR l-0' : 'AR B-9', name);
      assert.equal(ack.errors[0]?.code, 'AORTA_HL7_042', name);
    }
    assert.deepEqual(await at.stored('l-'), []);
  });

  it('several messages without headers are answered one by one', async () => {
    const raw = await rawSender(mllp.address.port);
    raw.write(framed(Buffer.concat([adt({ controlId: 'm-1' }), adt({ controlId: 'm-2', event: 'A99' }), adt({ controlId: 'm-3' })])));
    assert.deepEqual((await raw.answered(3)).map(verdict), ['AA m-1', 'AR m-2', 'AA m-3']);
    raw.socket.destroy();
  });

  it('a text that quotes a message after a line feed makes no message of it', async () => {
    const quoting = adt({ controlId: 'q-1', more: Buffer.concat([Buffer.from('OBX|1|TX|||he wrote\n'), adt({ controlId: 'q-2' })]) });
    const ack = await client.send(quoting);
    assert.equal(`${ack.code} ${ack.controlId} ${ack.errors[0]?.code}`, 'AE q-1 AORTA_HL7_012');
    assert.deepEqual(await at.stored('q-'), []);
  });

  it('enhanced mode holds inside a batch; one that asks for nothing, and one of acknowledgements, is not answered', async () => {
    const asking = (controlId: string, accept: string, application: string) =>
      Buffer.from(adt({ controlId }).toString().replace('|P|2.5||||||', `|P|2.5|||${accept}|${application}||`));
    const batch = batchOf([asking('h-1', 'AL', 'AL'), asking('h-2', 'NE', 'NE'), asking('h-3', 'AL', 'NE')]);
    assert.deepEqual(await verdicts(batch), ['B-1', 'CA h-1', 'AA h-1', 'CA h-3']);
    const raw = await rawSender(mllp.address.port);
    const ack = Buffer.from('MSH|^~\\&|A|B|C|D|||ACK|1|P|2.5\rMSA|AA|1\r');
    raw.write(framed(batchOf([asking('h-4', 'NE', 'NE')])));
    raw.write(framed(batchOf([ack, ack], 'B-2', 7)));
    raw.write(framed(Buffer.from('BHS|^~\\&|A|B|C|D|||||1|B-1\rBTS|0\r')));
    raw.write(framed(adt({ controlId: 'h-5' })));
    assert.deepEqual((await raw.answered(1)).map(verdict), ['AA h-5']);
    assert.deepEqual(await at.stored('h-'), ['h-1', 'h-2', 'h-3', 'h-4', 'h-5']);
    raw.socket.destroy();
  });

  it('is answered message by message where that is configured', async () => {
    const each = await at.listen({ batchAnswers: 'each' });
    const raw = await rawSender(each.address.port);
    raw.write(framed(batchOf([adt({ controlId: 'i-1' }), adt({ controlId: 'i-2' })], 'B-3', 3)));
    assert.deepEqual((await raw.answered(3)).map(verdict), ['AA i-1', 'AA i-2', 'AE B-3']);
    raw.socket.destroy();
  });

  it('holds its place between the messages before and after it', async () => {
    const raw = await rawSender(mllp.address.port);
    const large = adt({ controlId: 'o-1', mrn: 'O', more: Buffer.concat([Buffer.from('OBX|1|ED|||'), Buffer.alloc(3_000_000, 'QUJD')]) });
    const batch = batchOf([2, 3, 4].map((n) => adt({ controlId: `o-${n}`, mrn: 'O' })));
    raw.write(Buffer.concat([framed(large), framed(batch), framed(adt({ controlId: 'o-5', mrn: 'O' }))]));
    const answers = await raw.answered(3);
    assert.match(answers[1] ?? '', /^BHS/);
    assert.deepEqual(await at.stored('o-'), ['o-1', 'o-2', 'o-3', 'o-4', 'o-5']);
    raw.socket.destroy();
  });

  it('of thousands of messages that need no store lets others have their turn in between', async () => {
    const busy = await at.listen({ limits: { quarantineEntries: 1, quarantineEntriesPerSecond: 0.001 } });
    const raw = await rawSender(busy.address.port);
    const messages = Array.from({ length: 3_000 }, (_, n) => adt({ controlId: `y-${n}`, event: 'A99' }));
    let [turns, going] = [0, true];
    const tick = () => {
      turns++;
      if (going) setImmediate(tick);
    };
    setImmediate(tick);
    raw.write(framed(batchOf(messages)));
    await raw.answered(1);
    going = false;
    assert.equal(raw.answers[0]?.split('MSA|AR|').length, 3_001);
    assert.ok(turns > 150, `${turns} turns`);
    raw.socket.destroy();
  });

  it('random batches: every good message stored once and answered, whatever stands around it', async () => {
    let number = 0;
    const piece = fc.constantFrom('good', 'good', 'good', 'FHS', 'BHS', 'BTS', 'FTS', 'junk', 'empty', 'MSH|', 'ack');
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 25 }), async (pieces) => {
        const ids: string[] = [];
        const bytes = pieces.map((kind) => {
          if (kind === 'good') {
            ids.push(`z-${number++}`);
            return adt({ controlId: ids.at(-1) ?? '', mrn: 'Z' });
          }
          if (kind === 'FHS' || kind === 'BHS') return Buffer.from(`${kind}|^~\\&|A|B|C|D|||||${kind}\r`);
          if (kind === 'BTS' || kind === 'FTS') return Buffer.from(`${kind}|1\r`);
          if (kind === 'ack') return Buffer.from('MSH|^~\\&|A|B|C|D|||ACK|1|P|2.5\rMSA|AA|1\r');
          return Buffer.from(kind === 'MSH|' ? 'MSH|^~\\&|A\r' : kind === 'empty' ? '\r\n' : 'no segment\r');
        });
        // A header in front, as junk there makes the whole frame no HL7; then the last answer tells that all are there.
        const raw = await rawSender(mllp.address.port);
        const last = `last-${number++}`;
        raw.write(Buffer.concat([framed(Buffer.concat([bhs('B'), ...bytes])), framed(adt({ controlId: last }))]));
        for (let count = 1; !raw.answers.at(-1)?.includes(`MSA|AA|${last}`); count++) await raw.answered(count);
        const all = raw.answers.join('');
        for (const id of ids) assert.ok(all.includes(`MSA|AA|${id}\r`), `${id} of ${pieces.join(' ')}`);
        assert.ok(raw.answers.length <= 2);
        raw.socket.destroy();
        const stored = await at.stored('z-');
        for (const id of ids) assert.equal(stored.filter((each) => each === id).length, 1);
      }),
      { numRuns: 60 },
    );
  });
});
