import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { createSources, latin1, type SourceProfile } from '../../../src/hl7/index.ts';
import { type Admission, createAdmission } from '../../../src/ingress/admission.ts';
import { adtRoute } from '../../../src/ingress/mllp/adt.ts';
import { createExchange, type Exchange } from '../../../src/ingress/mllp/exchange.ts';
import { Lane } from '../../../src/ingress/mllp/lane.ts';
import { defaultLimits } from '../../../src/ingress/mllp/limits.ts';
import { mllpMetrics } from '../../../src/ingress/mllp/metrics.ts';
import { refusals } from '../../../src/ingress/mllp/refusal.ts';
import marien from '../../sources/marien.ts';
import { type CountingTelemetry, countingTelemetry, embedded, type Parts } from '../parts.ts';
import { adt } from './sender.ts';

const strict: SourceProfile = { name: 'west', version: 4, sender: { application: 'ADT', facility: 'WEST' } };
const sample = (name: string): Buffer => readFileSync(join(import.meta.dirname, `../../sources/marien/${name}.hl7`));

describe('Ingress with source profiles', () => {
  let parts: Parts;
  let admission: Admission;
  let telemetry: CountingTelemetry;
  let exchanges: Readonly<Record<'open' | 'strict' | 'changed', Exchange>>;
  before(async () => {
    parts = await embedded();
    telemetry = countingTelemetry();
    const base = { clock: systemClock, random: systemRandom, telemetry };
    admission = createAdmission({ ...base, ...parts, instance: 'sources' });
    await admission.start();
    const metrics = mllpMetrics(telemetry);
    const refuse = refusals({ ...base, quarantine: parts.quarantine, metrics, limits: defaultLimits });
    const exchange = (only: boolean, site: SourceProfile = marien) =>
      createExchange({
        ...base,
        routes: [adtRoute({ serde: parts.serde, zone: 'UTC' })],
        admission,
        refuse,
        metrics,
        charset: latin1,
        sources: createSources(
          [
            { file: 'sources/marien.ts', versions: [site] },
            { file: 'sources/west.ts', versions: [strict] },
          ],
          { strict: only },
        ),
      });
    const changed = {
      ...marien,
      version: 3,
      fields: marien.fields?.filter((rule) => 'default' in rule) ?? [],
      authorities: { ...marien.authorities, ORBIS: 'urn:oid:1.2.3' },
    };
    exchanges = { open: exchange(false), strict: exchange(true), changed: exchange(false, changed) };
  });
  after(async () => {
    await admission.stop();
    await parts.close();
  });

  const send = async (content: Buffer, which: keyof typeof exchanges = 'open'): Promise<string> => {
    const answers = await exchanges[which]({ content, peer: '127.0.0.1', receivedAt: Date.now(), ticket: new Lane().ticket() });
    return answers.map((answer) => answer.toString('latin1')).join('');
  };
  const recordOf = async (controlId: string) => {
    for (const { key, value } of await parts.records()) {
      const record = value && (await parts.serde.deserialize(value));
      if (record?.controlId === controlId) return { key, record };
    }
    return undefined;
  };

  it('reads the message by its sender’s profile, stores what was sent, and notes profile and version', async () => {
    const bytes = sample('transfer-as-update');
    assert.match(await send(bytes), /MSA\|AA\|900001/);
    const { key, record } = (await recordOf('900001')) ?? {};
    assert.ok(record);
    assert.ok(record.raw?.equals(bytes));
    assert.equal(record.profile, 'marien@2');
    assert.equal(record.event, 'A02');
    assert.equal(record.charset, 'windows-1252');
    assert.equal(new Date(record.occurredAt).toISOString(), '2026-07-04T20:15:00.000Z');
    const [found] = await parts.identity.resolve([[{ system: 'urn:oid:2.16.840.1.113883.2.16.1.77', value: '4711' }]]);
    assert.equal(found?.patientId, key?.toString());
    assert.equal(telemetry.count('aorta_mllp_source_messages_total', { profile: 'marien', outcome: 'taken' }), 1);
    assert.equal(telemetry.count('aorta_mllp_unknown_segments_total', { profile: 'marien' }), 1);
  });

  it('acknowledges what the profile skips, counts it under the reason, and stores nothing', async () => {
    assert.match(await send(sample('billing')), /MSA\|AA\|900002/);
    assert.equal(await recordOf('900002'), undefined);
    assert.equal(telemetry.count('aorta_mllp_source_skips_total', { profile: 'marien', reason: 'billing-update' }), 1);
    assert.equal(telemetry.count('aorta_mllp_source_messages_total', { profile: 'marien', outcome: 'skipped' }), 1);
  });

  it('acknowledges what it skips at both levels to a sender in enhanced mode', async () => {
    const lines = sample('billing').toString('latin1').replace('|900002|', '|900003|').split('\r');
    const header = (lines[0] as string).split('|');
    while (header.length < 16) header.push('');
    header[14] = 'AL';
    header[15] = 'AL';
    const answer = await send(Buffer.from([header.join('|'), ...lines.slice(1)].join('\r'), 'latin1'));
    assert.match(answer, /MSA\|CA\|900003.*MSA\|AA\|900003/s);
  });

  it('skips also what is of a type or event that is not taken here', async () => {
    const other = (type: string, id: string) =>
      Buffer.from(sample('billing').toString('latin1').replace('ADT^A08', type).replace('|900002|', `|${id}|`), 'latin1');
    assert.match(await send(other('DFT^P03', 'dft-1')), /MSA\|AA\|dft-1/);
    assert.match(await send(other('ADT^A20', 'a20-1')), /MSA\|AA\|a20-1/);
    assert.match(await send(other('DFT^P11', 'dft-2')), /MSA\|AR\|dft-2/);
    assert.equal(telemetry.count('aorta_mllp_source_skips_total', { profile: 'marien', reason: 'bed-status' }), 1);
  });

  it('does not skip what is no good message: its header is wrong', async () => {
    const answer = await send(Buffer.from(sample('billing').toString('latin1').replace('|900002|', '||'), 'latin1'));
    assert.match(answer, /MSA\|AE\|/);
    assert.match(answer, /AORTA_HL7_007/);
  });

  it('refuses an event that the profile refuses, and quarantines it', async () => {
    const answer = await send(sample('class-change'));
    assert.match(answer, /MSA\|AR\|900003/);
    assert.match(answer, /ERR\|\|MSH\^1\^9\^1\^2\|201\^.*AORTA_PROFILE_003/);
    const [entry] = await parts.quarantine.list(1);
    assert.equal(entry?.code, 'AORTA_PROFILE_003');
  });

  it('reads a message that no profile matches by the defaults', async () => {
    assert.match(await send(adt({ controlId: 'plain-1' })), /MSA\|AA\|plain-1/);
    assert.equal((await recordOf('plain-1'))?.record.profile, null);
    assert.equal(telemetry.count('aorta_mllp_source_messages_total', { profile: 'none', outcome: 'taken' }), 1);
  });

  it('strict: refuses senders without a profile, with a coded finding, and takes the others', async () => {
    const answer = await send(adt({ controlId: 'strict-1' }), 'strict');
    assert.match(answer, /MSA\|AR\|strict-1/);
    assert.match(answer, /ERR\|\|MSH\^1\^3\^1\|103\^.*AORTA_PROFILE_002/);
    assert.equal(await recordOf('strict-1'), undefined);
    const [entry] = await parts.quarantine.list(1);
    assert.equal(entry?.code, 'AORTA_PROFILE_002');
    assert.match(await send(adt({ controlId: 'strict-2', sender: 'ADT|WEST' }), 'strict'), /MSA\|AA\|strict-2/);
    assert.equal((await recordOf('strict-2'))?.record.profile, 'west@4');
  });

  it('a message sent again after its profile changed is the same message', async () => {
    const again = await send(sample('transfer-as-update'), 'changed');
    assert.match(again, /MSA\|AA\|900001/);
    assert.equal((await parts.records()).length, 3);
  });

  it('says in the log which profiles are in force, with the hash of what was reviewed; nothing of a patient is there or in labels', () => {
    const text = telemetry.text();
    assert.match(text, /info mllp\.sources hash="[0-9a-f]{64}" strict=false profiles="marien@2 [0-9a-f]{12}, west@4 [0-9a-f]{12}"/);
    assert.match(text, /info mllp\.segment\.unknown profile="marien" segment="ZXY"/);
    for (const secret of ['4711', 'ller', 'F-77001', 'K-2002']) assert.ok(!text.includes(secret), secret);
  });
});
