import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { error } from '../../../src/errors/index.ts';
import { ackRequest, acksDue, parse } from '../../../src/hl7/index.ts';
import { framed } from '../../../src/ingress/mllp/framer.ts';
import type { MllpListener } from '../../../src/ingress/mllp/listener.ts';
import { createMllpClient } from '../../../src/sandbox/mllp-client.ts';
import { adt, rawSender, verdict } from './sender.ts';
import { type Site, site } from './site.ts';

/** A message that asks for acknowledgements (MSH-15, MSH-16). */
const asking = (accept: string, application: string, parts: Parameters<typeof adt>[0]): Buffer =>
  Buffer.from(adt(parts).toString('latin1').replace('|P|2.5||||||', `|P|2.5|||${accept}|${application}||`), 'latin1');
const withoutPatient = (message: Buffer): Buffer => Buffer.from(message.toString('latin1').replace(/PID\|1\|\|[^|]*/, 'PID|1||'), 'latin1');

describe('Enhanced acknowledgement', () => {
  let at: Site;
  let mllp: MllpListener;
  let number = 0;
  before(async () => {
    at = await site('enhanced');
    mllp = await at.listen();
  });
  after(() => at.close());

  /** The answers to messages, then to a last one in original mode: what is not there by then never comes. */
  const answersTo = async (...messages: Buffer[]): Promise<string[]> => {
    const raw = await rawSender(mllp.address.port);
    const last = `last-${number++}`;
    raw.write(Buffer.concat([...messages.map(framed), framed(adt({ controlId: last }))]));
    for (let count = 1; verdict(raw.answers.at(-1) ?? 'MSH|^~\\&|\rMSA||\r') !== `AA ${last}`; count++) await raw.answered(count);
    raw.socket.destroy();
    return raw.answers.slice(0, -1);
  };

  it('is sent as MSH-15 and MSH-16 ask for: accept first, then the application, both on the connection', async () => {
    assert.deepEqual((await answersTo(asking('AL', 'AL', { controlId: 'e-1' }))).map(verdict), ['CA e-1', 'AA e-1']);
    assert.deepEqual((await answersTo(asking('AL', 'NE', { controlId: 'e-2' }))).map(verdict), ['CA e-2']);
    assert.deepEqual((await answersTo(asking('', 'AL', { controlId: 'e-3' }))).map(verdict), ['AA e-3']);
    assert.deepEqual((await answersTo(asking('NE', 'NE', { controlId: 'e-4' }))).map(verdict), []);
    assert.deepEqual((await answersTo(asking('ER', 'SU', { controlId: 'e-5' }))).map(verdict), ['AA e-5']);
    assert.deepEqual(await at.stored('e-'), ['e-1', 'e-2', 'e-3', 'e-4', 'e-5']);
    assert.equal(at.telemetry.count('aorta_mllp_acknowledgements_total', { code: 'CA' }), 2);
    assert.equal(at.telemetry.count('aorta_mllp_acknowledgements_total', { code: 'none' }), 1);
  });

  it('content that is wrong is accepted (it is in quarantine) and refused by the application, or refused at once', async () => {
    const wrong = (accept: string, application: string, controlId: string) => withoutPatient(asking(accept, application, { controlId }));
    const both = await answersTo(wrong('AL', 'AL', 'w-1'));
    assert.deepEqual(both.map(verdict), ['CA w-1', 'AE w-1']);
    assert.equal(parse(Buffer.from(both[0] ?? '')).segment('ERR'), undefined, 'an accepted message has no errors');
    assert.equal(parse(Buffer.from(both[1] ?? '')).text('ERR-3.1'), '101');
    const [only] = await answersTo(wrong('AL', 'NE', 'w-2'));
    assert.equal(verdict(only), 'CE w-2', 'or the sender would never hear of it');
    assert.equal(parse(Buffer.from(only ?? '')).text('ERR-3.1'), '101');
    assert.deepEqual(await at.quarantined(2), ['AORTA_HL7_007', 'AORTA_HL7_007']);
    assert.deepEqual(await at.stored('w-'), []);
  });

  it('what cannot be taken is rejected at the accept level, and that is all', async () => {
    assert.deepEqual((await answersTo(asking('AL', 'AL', { controlId: 'r-1', event: 'A99' }))).map(verdict), ['CR r-1']);
    assert.deepEqual((await answersTo(asking('NE', 'AL', { controlId: 'r-2', event: 'A99' }))).map(verdict), ['AR r-2']);
    const other = Buffer.from(asking('AL', 'AL', { controlId: 'r-3' }).toString().replace('|P|2.5|', '|P|9.9|'));
    assert.deepEqual((await answersTo(other)).map(verdict), ['CR r-3']);
    assert.deepEqual((await answersTo(Buffer.from('junk'))).map(verdict), ['AR '], 'nobody asked for anything: original mode');
  });

  it('a store that fails is CE: nothing was accepted', async () => {
    const failing = await at.listen({
      admission: { ...at.admission, admit: () => Promise.reject(error('AORTA_INGRESS_002', { store: 'log' })) },
    });
    const raw = await rawSender(failing.address.port);
    raw.write(framed(asking('AL', 'AL', { controlId: 'f-1' })));
    assert.deepEqual((await raw.answered(1)).map(verdict), ['CE f-1']);
    assert.equal(parse(Buffer.from(raw.answers[0] ?? '')).text('ERR-3.1'), '207');
    raw.write(framed(adt({ controlId: 'f-2' })));
    assert.deepEqual((await raw.answered(2)).map(verdict), ['CE f-1', 'AE f-2'], 'nothing came after the CE');
    raw.socket.destroy();
  });

  it('content that is wrong and could not be kept is CE: accepting means to keep', async () => {
    const strict = await at.listen({ limits: { quarantineEntries: 0, quarantineEntriesPerSecond: 0 } });
    const raw = await rawSender(strict.address.port);
    raw.write(framed(withoutPatient(asking('AL', 'AL', { controlId: 'k-1' }))));
    assert.deepEqual((await raw.answered(1)).map(verdict), ['CE k-1']);
    raw.socket.destroy();
  });

  it('a duplicate gets the same acknowledgements under the same control ids', async () => {
    const message = asking('AL', 'AL', { controlId: 'd-1' });
    const answers = await answersTo(message, message);
    assert.deepEqual(answers.map(verdict), ['CA d-1', 'AA d-1', 'CA d-1', 'AA d-1']);
    const ids = answers.map((answer) => parse(Buffer.from(answer)).text('MSH-10'));
    assert.equal(ids[0], ids[2]);
    assert.equal(ids[1], ids[3]);
    assert.notEqual(ids[0], ids[1]);
    assert.deepEqual(await at.stored('d-'), ['d-1']);
  });

  it('an unknown value is answered, counted and logged without repeating it', async () => {
    assert.deepEqual((await answersTo(asking('PLEASE', 'NE', { controlId: 'u-1' }))).map(verdict), ['CA u-1']);
    assert.equal(at.telemetry.count('aorta_mllp_ack_condition_unknown_total', { field: 'MSH-15' }), 1);
    assert.match(at.telemetry.text(), /warn mllp\.ack-condition\.unknown/);
    assert.doesNotMatch(at.telemetry.text(), /PLEASE/);
  });

  it('an acknowledgement is never answered, whatever it asks for', async () => {
    const ack = (type: string) => Buffer.from(`MSH|^~\\&|A|B|C|D|20240131||${type}|x-1|P|2.5|||AL|AL\rMSA|CA|1\r`);
    assert.deepEqual(await answersTo(ack('ACK^A01^ACK'), ack('ORR^O02')), []);
  });

  it('every combination of conditions and faults gets exactly what it asks for, in order', async () => {
    const condition = fc.constantFrom('', 'AL', 'NE', 'ER', 'SU', 'al', '""');
    const fault = fc.constantFrom('none', 'content', 'event');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(condition, condition, fault), { minLength: 1, maxLength: 12 }), async (asked) => {
        const expected: string[] = [];
        const messages = asked.map(([accept, application, kind]) => {
          const controlId = `p-${number++}`;
          const good = asking(accept, application, { controlId, ...(kind === 'event' ? { event: 'A99' } : {}) });
          const message = kind === 'content' ? withoutPatient(good) : good;
          const code = kind === 'none' ? 'AA' : kind === 'event' ? 'AR' : 'AE';
          const outcome = { code, accept: kind === 'event' ? 'refused' : 'taken' } as const;
          expected.push(...acksDue(ackRequest(parse(message)), outcome).map((each) => `${each} ${controlId}`));
          return message;
        });
        assert.deepEqual((await answersTo(...messages)).map(verdict), expected);
      }),
      { numRuns: 40 },
    );
  });

  it('a client in enhanced mode waits for what is due, and no longer', async () => {
    const client = createMllpClient({ host: '127.0.0.1', port: mllp.address.port, inFlight: 4, quietMs: 3_000, timeoutMs: 20_000 });
    const send = async (accept: string, application: string, controlId: string, wrong = false) => {
      const message = asking(accept, application, { controlId });
      const ack = await client.send(wrong ? withoutPatient(message) : message);
      return `${ack.accept?.code ?? ''} ${ack.code}`.trim();
    };
    assert.deepEqual(await Promise.all([send('AL', 'AL', 'c-1'), send('AL', 'NE', 'c-2'), send('NE', 'AL', 'c-3'), send('', '', 'c-4')]), [
      'CA AA',
      'CA',
      'AA',
      'AA',
    ]);
    assert.equal(await send('AL', 'ER', 'c-5'), 'CA');
    assert.equal(await send('AL', 'ER', 'c-6', true), 'CA AE');
    assert.equal(await send('ER', 'NE', 'c-7'), '');
    assert.equal(await send('ER', 'NE', 'c-8', true), 'CE');
    assert.equal(await send('NE', 'NE', 'c-9'), '');
    await client.close();
  });
});
