import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Hl7Adt } from '../../../schemas/generated/hl7-adt.ts';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { error } from '../../../src/errors/index.ts';
import { type Admission, createAdmission } from '../../../src/ingress/admission.ts';
import { framed } from '../../../src/ingress/mllp/framer.ts';
import { type MllpListener, type MllpOptions, startMllp } from '../../../src/ingress/mllp/listener.ts';
import { createMllpClient, type MllpClient } from '../../../src/sandbox/mllp-client.ts';
import { type CountingTelemetry, countingTelemetry, embedded, onServices, type Parts } from '../parts.ts';
import { adt, rawSender, verdict } from './sender.ts';

for (const [name, make] of [
  ['SQLite', () => embedded()],
  ['Kafka and PostgreSQL', () => onServices()],
] as const) {
  describe(`MLLP on ${name}`, () => {
    let parts: Parts;
    let admission: Admission;
    let telemetry: CountingTelemetry;
    let mllp: MllpListener;
    let client: MllpClient;
    const listen = (changes: Partial<MllpOptions> = {}) =>
      startMllp({
        host: '127.0.0.1',
        port: 0,
        admission,
        serde: parts.serde,
        quarantine: parts.quarantine,
        telemetry,
        clock: systemClock,
        random: systemRandom,
        adtTopic: parts.topic,
        defaults: { zone: 'Europe/Berlin', identifierSystems: { HOSP: 'urn:oid:1.2.3' } },
        ...changes,
      });
    before(async () => {
      parts = await make();
      telemetry = countingTelemetry();
      admission = createAdmission({ ...parts, clock: systemClock, random: systemRandom, telemetry, instance: 'listener-test' });
      await admission.start();
      mllp = await listen();
      client = createMllpClient({ host: '127.0.0.1', port: mllp.address.port });
    });
    after(async () => {
      await client.close();
      await mllp.stop();
      await admission.stop();
      await parts.close();
    });

    const recordsOf = async (...controlIds: string[]): Promise<Hl7Adt[]> => {
      const values = await Promise.all((await parts.records()).map((record) => parts.serde.deserialize(record.value ?? Buffer.alloc(0))));
      return values.filter((value) => controlIds.includes(value.controlId));
    };
    /** The newest quarantine entry, with its body. */
    const quarantined = async (message: Buffer) => {
      const [newest] = await parts.quarantine.list(1);
      const entry = newest && (await parts.quarantine.get(newest.id));
      // Whole bodies in a failed comparison would take minutes to print.
      return entry && { code: entry.code, source: entry.source, peer: entry.peer, size: entry.size, same: entry.body.equals(message) };
    };

    it('acknowledges a message that is durable, and stores it as it was sent', async () => {
      const message = adt({ controlId: 'ok-1', name: 'MÜLLER^JANE' });
      const ack = await client.send(message);
      assert.deepEqual({ code: ack.code, to: ack.controlId, errors: ack.errors }, { code: 'AA', to: 'ok-1', errors: [] });
      const [record, ...more] = await recordsOf('ok-1');
      assert.equal(more.length, 0);
      assert.deepEqual(
        { ...record, eventId: '', patientId: '', receivedAt: 0 },
        {
          eventId: '',
          patientId: '',
          sender: 'ADT|HOSP',
          controlId: 'ok-1',
          event: 'A01',
          occurredAt: Date.UTC(2024, 0, 31, 10, 59),
          receivedAt: 0,
          charset: 'UTF-8',
          raw: message,
          blobRef: null,
          size: message.length,
          profile: null,
        },
      );
      const [raw] = await parts.records();
      assert.equal(raw?.key?.toString(), (await parts.serde.deserialize(raw?.value ?? Buffer.alloc(0))).patientId);
      const found = await parts.identity.resolve([[{ system: 'urn:oid:1.2.3', value: 'ok-1' }]]);
      assert.equal(found[0]?.patientId, record?.patientId);
    });

    it('a duplicate gets the same acknowledgement and has no effect; other content is a new event', async () => {
      const message = adt({ controlId: 'twice' });
      const [first, again] = [await client.send(message), await client.send(message)];
      const header = (raw: Buffer) => raw.toString('latin1').split('\r')[0]?.split('|');
      assert.equal(again.code, 'AA');
      assert.equal(header(again.raw)?.[9], header(first.raw)?.[9], 'also under the same control id');
      const newHeader = Buffer.from(message.toString().replace('20240131120000', '20240131130000'));
      assert.equal((await client.send(newHeader)).code, 'AA');
      assert.equal((await recordsOf('twice')).length, 1, 'a new MSH-7 alone is the same message');
      assert.equal((await client.send(adt({ controlId: 'twice', mrn: 'twice', more: 'ZZZ|1\r' }))).code, 'AA');
      assert.equal((await recordsOf('twice')).length, 2);
      assert.equal((await client.send(adt({ controlId: 'twice', sender: 'OTHER|HOSP' }))).code, 'AA');
      assert.equal((await recordsOf('twice')).length, 3, 'another sender has its own control ids');
      assert.equal(telemetry.count('aorta_mllp_duplicates_total'), 2);
      assert.equal(telemetry.count('aorta_mllp_control_id_reused_total'), 1);
    });

    const refusals: readonly (readonly [
      name: string,
      message: Buffer,
      answer: string,
      condition: string,
      location: string,
      code: string,
      reason: string,
    ])[] = [
      ['an unknown event', adt({ controlId: 'n-1', event: 'A99' }), 'AR n-1', '201', 'MSH^1^9^1^2', 'AORTA_HL7_004', 'unsupported-event'],
      [
        'an unknown message type',
        Buffer.from(adt({ controlId: 'n-2' }).toString().replace('ADT^A01', 'SIU^S12')),
        'AR n-2',
        '200',
        'MSH^1^9^1^1',
        'AORTA_HL7_003',
        'unsupported-type',
      ],
      [
        'an unsupported version',
        Buffer.from(adt({ controlId: 'n-3' }).toString().replace('|P|2.5|', '|P|9.9|')),
        'AR n-3',
        '203',
        'MSH^1^12^1',
        'AORTA_HL7_006',
        'unsupported-version',
      ],
      [
        'an unsupported processing id',
        Buffer.from(adt({ controlId: 'n-4' }).toString().replace('|P|2.5|', '|X|2.5|')),
        'AR n-4',
        '202',
        'MSH^1^11^1',
        'AORTA_HL7_005',
        'unsupported-processing-id',
      ],
      [
        'no PID',
        Buffer.from('MSH|^~\\&|A|B|C|D|20240131||ADT^A01|n-5|P|2.5\rEVN|A01|20240131\r'),
        'AE n-5',
        '101',
        'PID^1',
        'AORTA_HL7_007',
        'required-missing',
      ],
      [
        'no identifier',
        Buffer.from('MSH|^~\\&|A|B|C|D|20240131||ADT^A01|n-6|P|2.5\rEVN|A01|20240131\rPID|1||\r'),
        'AE n-6',
        '101',
        'PID^1^3^1',
        'AORTA_HL7_007',
        'required-missing',
      ],
      [
        'an impossible date',
        Buffer.from('MSH|^~\\&|A|B|C|D|20240131||ADT^A01|n-7|P|2.5\rEVN|A01|20240131\rPID|1||7||D||20230230\r'),
        'AE n-7',
        '102',
        'PID^1^7^1',
        'AORTA_HL7_008',
        'bad-date',
      ],
      ['no control id', adt({ controlId: '', mrn: '7' }), 'AE ', '101', 'MSH^1^10^1', 'AORTA_HL7_007', 'required-missing'],
      [
        'the wrong charset',
        adt({ controlId: 'n-8', name: Buffer.from([0x4d, 0xfc]) }),
        'AE n-8',
        '102',
        'MSH^1^18^1',
        'AORTA_HL7_010',
        'wrong-charset',
      ],
      [
        'an unknown charset',
        adt({ controlId: 'n-9', charset: 'EBCDIC' }),
        'AE n-9',
        '103',
        'MSH^1^18^1',
        'AORTA_HL7_009',
        'unknown-charset',
      ],
      [
        'bad delimiters',
        Buffer.from('MSH|^^^^|A|B|C|D|20240131||ADT^A01|n-10|P|2.5\r'),
        'AR n-10',
        '102',
        '',
        'AORTA_HL7_002',
        'bad-delimiters',
      ],
      [
        'MSH after other text',
        Buffer.from('trace 1\rMSH|^~\\&|A|B|C|D|20240131||ADT^A01|n-11|P|2.5\r'),
        'AR n-11',
        '207',
        '',
        'AORTA_HL7_001',
        'not-hl7',
      ],
      ['what is not HL7 at all', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'AR ', '207', '', 'AORTA_HL7_001', 'not-hl7'],
      ['an empty frame', Buffer.alloc(0), 'AR ', '207', '', 'AORTA_HL7_001', 'not-hl7'],
      [
        'a second message behind a lone line feed',
        adt({ controlId: 'n-12', more: Buffer.concat([Buffer.from('OBX|1|TX|||\n'), adt({ controlId: 'n-13' })]) }),
        'AE n-12',
        '100',
        'MSH^2',
        'AORTA_HL7_012',
        'two-messages',
      ],
      [
        'a PID behind 50,001 other segments',
        Buffer.from(`MSH|^~\\&|A|B|C|D|20240131||ADT^A01|n-14|P|2.5\r${'NTE|1\r'.repeat(50_001)}PID|1||7\r`),
        'AR n-14',
        '207',
        '',
        'AORTA_HL7_013',
        'too-many-segments',
      ],
    ];
    for (const [what, message, answer, condition, location, code, reason] of refusals) {
      it(`${what}: ${answer.trim()} ${condition}, a metric and a quarantine entry`, async () => {
        const before = telemetry.count('aorta_mllp_refused_total', { reason, code });
        const ack = await client.send(message);
        assert.equal(`${ack.code} ${ack.controlId}`, answer);
        assert.deepEqual(
          ack.errors.map((each) => [each.condition, each.location, each.severity, each.code]),
          [[condition, location, 'E', code]],
        );
        assert.equal(telemetry.count('aorta_mllp_refused_total', { reason, code }), before + 1);
        assert.deepEqual(await quarantined(message), { code, source: 'mllp', peer: '127.0.0.1', size: message.length, same: true });
        assert.equal((await recordsOf('n-1', ack.controlId)).length, 0);
      });
    }

    it('acknowledgements are never answered', async () => {
      const raw = await rawSender(mllp.address.port);
      raw.write(framed(Buffer.from('MSH|^~\\&|A|B|C|D|20240131||ACK^A01^ACK|x|P|2.5\rMSA|AA|y\r')));
      raw.write(framed(adt({ controlId: 'after-ack' })));
      assert.deepEqual((await raw.answered(1)).map(verdict), ['AA after-ack']);
      assert.equal(telemetry.count('aorta_mllp_ignored_total', { reason: 'acknowledgement' }), 1);
      raw.socket.destroy();
    });

    it('answers pipelined messages in their order, however the bytes are cut', async () => {
      const raw = await rawSender(mllp.address.port);
      const controlIds = Array.from({ length: 300 }, (_, n) => (n % 10 === 3 ? `bad-${n}` : `p-${n}`));
      const stream = Buffer.concat(
        controlIds.map((controlId) => framed(adt({ controlId, mrn: 'pipelined', event: controlId.startsWith('bad') ? 'A99' : 'A08' }))),
      );
      for (let at = 0; at < stream.length; at += 1_777) raw.write(stream.subarray(at, at + 1_777));
      const answers = (await raw.answered(controlIds.length)).map(verdict);
      assert.deepEqual(
        answers,
        controlIds.map((controlId) => `${controlId.startsWith('bad') ? 'AR' : 'AA'} ${controlId}`),
      );
      const good = controlIds.filter((controlId) => !controlId.startsWith('bad'));
      assert.deepEqual(
        (await recordsOf(...good)).map((record) => record.controlId),
        good,
        'one patient: stored in the order of sending',
      );
      raw.socket.destroy();
    });

    it('a large message goes to the blob store, and what follows it stays behind it', async () => {
      const raw = await rawSender(mllp.address.port);
      const large = adt({
        controlId: 'large',
        mrn: 'big',
        more: Buffer.concat([Buffer.from('OBX|1|ED|||'), Buffer.alloc(3_000_000, 'QUJD'), Buffer.from('\r')]),
      });
      raw.write(Buffer.concat([framed(large), framed(adt({ controlId: 'small', mrn: 'big' }))]));
      assert.deepEqual((await raw.answered(2)).map(verdict), ['AA large', 'AA small']);
      const [one, two] = await recordsOf('large', 'small');
      assert.deepEqual([one?.controlId, one?.raw, one?.size], ['large', null, large.length]);
      assert.ok((await parts.blob.get(one?.blobRef ?? '')).equals(large));
      assert.equal(two?.controlId, 'small');
      raw.socket.destroy();
    });

    it('answers a sender that ends its side right after the message', async () => {
      const raw = await rawSender(mllp.address.port, { allowHalfOpen: true });
      raw.socket.end(framed(adt({ controlId: 'half-open' })));
      assert.deepEqual((await raw.answered(1)).map(verdict), ['AA half-open']);
      raw.socket.on('end', () => raw.socket.end());
      await raw.closed;
    });

    it('what cannot be stored is AE 207, not silence and not AA, and is not quarantined', async () => {
      const failing: Admission = { ...admission, admit: () => Promise.reject(error('AORTA_INGRESS_002', { store: 'the log' })) };
      const broken: Admission = {
        ...admission,
        admit: () => {
          throw new Error('SECRET NAME');
        },
      };
      const before = await parts.quarantine.count();
      for (const [inner, code] of [
        [failing, 'AORTA_INGRESS_002'],
        [broken, 'AORTA_MLLP_008'],
      ] as const) {
        const other = await listen({ admission: inner });
        const sender = createMllpClient({ host: '127.0.0.1', port: other.address.port });
        try {
          const ack = await sender.send(adt({ controlId: 'store-1' }));
          assert.equal(`${ack.code} ${ack.controlId}`, 'AE store-1');
          assert.deepEqual(
            ack.errors.map((each) => [each.condition, each.code]),
            [['207', code]],
          );
        } finally {
          await sender.close();
          await other.stop();
        }
      }
      assert.equal(await parts.quarantine.count(), before);
    });

    it('stopping takes no more, answers what came whole, and closes', async () => {
      let release = () => {};
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      let asked = false;
      const slow: Admission = {
        ...admission,
        async admit(request) {
          asked = true;
          await gate;
          return admission.admit(request);
        },
      };
      const other = await listen({ admission: slow });
      const raw = await rawSender(other.address.port);
      raw.write(Buffer.concat([framed(adt({ controlId: 'drain-1' })), framed(adt({ controlId: 'drain-2' })), Buffer.from('\x0bMSH|half')]));
      while (!asked) await delay(5);
      const stopped = other.stop({ drainMs: 5_000 });
      await assert.rejects(rawSender(other.address.port));
      release();
      assert.deepEqual((await raw.answered(2)).map(verdict), ['AA drain-1', 'AA drain-2']);
      await Promise.all([stopped, raw.closed]);
      assert.equal(other.connections(), 0);
    });

    it('stopping does not wait for ever', async () => {
      let asked = false;
      const stuck: Admission = {
        ...admission,
        admit() {
          asked = true;
          return new Promise(() => {});
        },
      };
      const other = await listen({ admission: stuck });
      const raw = await rawSender(other.address.port);
      raw.write(framed(adt({ controlId: 'stuck' })));
      while (!asked) await delay(5);
      await other.stop({ drainMs: 100 });
      await raw.closed;
      assert.deepEqual(raw.answers, [], 'never an answer that is not true');
    });

    it('a wrong default is refused at start', async () => {
      await assert.rejects(listen({ defaults: { charset: 'EBCDIC' } }), { code: 'AORTA_CFG_001' });
      await assert.rejects(listen({ defaults: { zone: 'Mars/Olympus' } }), { code: 'AORTA_CFG_001' });
      await assert.rejects(listen({ port: mllp.address.port }), { code: 'EADDRINUSE' });
    });

    it('neither metrics nor log lines nor quarantine reasons hold what patients are', async () => {
      const canary = 'ZYXCANARY';
      for (const message of [
        adt({ controlId: 'phi-1', mrn: `${canary}1`, name: `${canary}2^X`, event: 'A99' }),
        adt({ controlId: 'phi-2', mrn: `${canary}1`, name: Buffer.concat([Buffer.from(canary), Buffer.from([0xff])]) }),
        adt({ controlId: 'phi-3', mrn: `${canary}1`, name: `${canary}^^^^^^L||${canary}` }),
        Buffer.from(canary),
      ]) {
        const ack = await client.send(message);
        assert.notEqual(ack.code, 'AA');
        assert.equal(ack.raw.includes(canary), false);
      }
      assert.equal(telemetry.text().includes(canary), false);
      for (const entry of await parts.quarantine.list(50)) assert.equal(JSON.stringify(entry).includes(canary), false);
    });
  });
}
