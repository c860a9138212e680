import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Hl7Adt } from '../../../schemas/generated/hl7-adt.ts';
import { topics } from '../../../schemas/topics.ts';
import {
  fhirIdentifier,
  fhirResource,
  patientLink,
  type ResourceRow,
  type TimelineRow,
  timelineEvent,
  type VisitRow,
  visit,
} from '../../../src/canonical/tables.ts';
import type { Encounter, Patient } from '../../../src/fhir/r4.ts';
import type { AllergyIntolerance } from '../../../src/fhir/r4-clinical.ts';
import { adtEvents, mergeEvents, parse, readAdt } from '../../../src/hl7/index.ts';
import { seededRandom, TestDriver } from '../../../src/testing/index.ts';
import adtAdmissions from '../../../topologies/adt-admissions/index.ts';
import { type AdtText, adt } from './messages.ts';

/** Two patients (more, if asked) in one running flow, as ingress would write for them. */
class Site {
  readonly driver: TestDriver<Hl7Adt>;
  #count = 0;

  private constructor(driver: TestDriver<Hl7Adt>) {
    this.driver = driver;
  }

  static async start(): Promise<Site> {
    return new Site(await TestDriver.start<Hl7Adt>(adtAdmissions(), { source: topics.adt }));
  }

  record(key: string, text: AdtText): Hl7Adt {
    const raw = Buffer.from(adt({ id: `${key}${++this.#count}`, ...text }));
    const message = parse(raw);
    const { facts, findings } = readAdt(message, { events: new Set([...adtEvents, ...mergeEvents]), zone: 'UTC' });
    assert.ok(facts, JSON.stringify(findings));
    const { event, controlId, sender, occurredAt } = facts;
    return {
      eventId: `e-${controlId}`,
      patientId: key,
      sender,
      controlId,
      event,
      occurredAt,
      receivedAt: 0,
      charset: 'UTF-8',
      raw,
      blobRef: null,
      size: raw.length,
      profile: null,
    };
  }

  /** Under the key of `of`, about the number `M<of>` unless it says otherwise. */
  async send(key: string, text: AdtText, of = key): Promise<void> {
    const value = this.record(key, { visit: `V${of}`, ...text, pid: { 3: `M${of}^^^GENHOSP^MR`, ...text.pid } });
    await this.driver.send({ key, value, eventId: value.eventId });
    await this.driver.advance(50);
  }

  async order(key: string, control: string, id: string, peer: string): Promise<void> {
    await this.driver.sendRaw(key, Buffer.from(JSON.stringify({ id, peer })), { 'aorta-control': control, eventId: `${id}:${control}` });
    await this.driver.advance(200);
  }

  async merge(into: string, from: string, text: Partial<AdtText> = {}): Promise<void> {
    await this.order(from, 'merge.out', `m-${from}-${into}`, into);
    await this.order(into, 'merge.hold', `m-${from}-${into}`, from);
    await this.send(into, { event: 'A40', at: '202605011200', pv1: null, more: [`MRG|M${from}^^^GENHOSP^MR`], ...text });
  }

  async unmerge(survivor: string, merged: string): Promise<void> {
    await this.order(survivor, 'unmerge.out', `u-${merged}`, merged);
    await this.order(merged, 'unmerge.hold', `u-${merged}`, survivor);
  }

  resources<R>(type: string, patient?: string): R[] {
    return this.driver
      .rows<ResourceRow>(fhirResource)
      .filter((row) => row.type === type && (patient === undefined || row.patient === patient))
      .map((row) => JSON.parse(row.body as string) as R);
  }

  patient(key: string): Patient {
    const found = this.resources<Patient>('Patient', key)[0];
    assert.ok(found, `Patient ${key}`);
    return found;
  }

  /** Who is found by a number. */
  found(value: string): string[] {
    return this.driver
      .rows(fhirIdentifier)
      .filter((row) => row.type === 'Patient' && row.value === value && row.system === 'urn:id:GENHOSP')
      .map((row) => row.id);
  }

  timeline(patient: string): string[] {
    return [...this.driver.rows<TimelineRow>(timelineEvent)]
      .filter((row) => row.patient === patient)
      .sort((a, b) => a.occurred_at - b.occurred_at || a.sequence - b.sequence)
      .map(({ type, message_id }) => `${type} ${message_id}`);
  }

  visits(): string[] {
    return this.driver.rows<VisitRow>(visit).map((row) => `${row.patient} ${row.status} ${row.location ? 'somewhere' : 'nowhere'}`);
  }

  /** Everything that a reader sees, without versions and times of writing. */
  outcome(): unknown {
    const resources = this.resources<{ id: string; meta: unknown }>('Patient')
      .concat(this.resources('Encounter'), this.resources('AllergyIntolerance'))
      .map(({ meta: _, ...resource }) => resource)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const plain = (rows: readonly object[]) => rows.map((row) => JSON.stringify({ ...row, source_event: '' })).sort();
    const timeline = this.driver.rows<TimelineRow>(timelineEvent).map(({ sequence: _s, recorded_at: _r, ...row }) => row);
    return [
      resources,
      plain(this.driver.rows(visit)),
      plain(this.driver.rows(fhirIdentifier)),
      plain(timeline),
      plain(this.driver.rows(patientLink)),
    ];
  }
}

const admit = (place = '4W^401^A'): AdtText => ({ event: 'A01', at: '202605011000', place });

describe('adt-admissions: merged patients', () => {
  it('an event under a new control id is one effect, before and after the merge, by either number of the log, and after its undoing', async () => {
    const site = await Site.start();
    const [bed, person, leave] = [
      admit('4W^402^A'),
      { event: 'A31', at: '202605011015', pv1: null, pid: { 13: '555-1' } },
      { event: 'A03', at: '202605011030' },
    ];
    const b = (text: AdtText): AdtText => ({ ...text, pid: { ...text.pid, 5: 'Baker^Bert' } });
    await site.send('A', { ...admit(), pid: { 5: 'Able^Anna' } });
    for (const text of [bed, person, leave]) await site.send('B', b(text));
    await site.send('B', b(bed));
    await site.merge('A', 'B', { pid: { 5: 'Able^Anna' } });
    const merged = site.outcome();
    for (const text of [bed, person, leave]) {
      await site.send('B', b(text));
      await site.send('A', b(text), 'B');
    }
    await site.send('A', { ...admit(), pid: { 5: 'Able^Anna' } });
    await site.send('A', { event: 'A40', at: '202605011200', pv1: null, pid: { 5: 'Able^Anna' }, more: ['MRG|MB^^^GENHOSP^MR'] });
    assert.deepEqual(site.outcome(), merged);
    await site.unmerge('A', 'B');
    const apart = site.outcome();
    for (const text of [bed, person, leave]) await site.send('B', b(text));
    await site.send('A', { ...admit(), pid: { 5: 'Able^Anna' } });
    assert.deepEqual(site.outcome(), apart);
    assert.deepEqual([site.timeline('B').length, site.timeline('A').length], [3, 2]);
    await site.driver.stop();
  });

  it('the merged patient stays, inactive and linked; the survivor is found by its numbers', async () => {
    const site = await Site.start();
    await site.send('A', { ...admit(), pid: { 5: 'Able^Anna' } });
    await site.send('B', { ...admit('4W^402^A'), pid: { 5: 'Baker^Bert' } });
    await site.merge('A', 'B', { pid: { 5: 'Able^Anna' } });
    const [a, b] = [site.patient('A'), site.patient('B')];
    assert.deepEqual([b.active, b.link], [false, [{ other: { reference: 'Patient/A' }, type: 'replaced-by' }]]);
    assert.deepEqual([a.active, a.link], [undefined, [{ other: { reference: 'Patient/B' }, type: 'replaces' }]]);
    assert.deepEqual(
      a.identifier?.map(({ value, use }) => [value, use]),
      [
        ['MA', undefined],
        ['MB', 'old'],
      ],
    );
    assert.equal(b.identifier?.[0]?.value, 'MB');
    assert.equal(a.name?.[0]?.family, 'Able');
    assert.deepEqual([site.found('MA'), site.found('MB')], [['A'], ['A']]);
    assert.deepEqual(
      site.driver.rows(patientLink).map(({ patient, survivor }) => [patient, survivor]),
      [['B', 'A']],
    );
    assert.deepEqual(site.timeline('A'), ['Admission A1', 'Merge A3']);
    assert.deepEqual(site.timeline('B'), ['Admission B2']);
    const told = await site.driver.emitted(topics.timeline);
    assert.deepEqual(told.map(({ key, value }) => [key, value.type]).sort(), [
      ['A', 'Admission'],
      ['A', 'Merge'],
      ['B', 'Admission'],
    ]);
    await site.driver.stop();
  });

  it('the merged patient’s visit goes on under its id, by whatever number it is told', async () => {
    const site = await Site.start();
    await site.send('A', admit());
    await site.send('B', admit('4W^402^A'));
    await site.merge('A', 'B');
    const before = site.resources<Encounter>('Encounter', 'B')[0];
    // Still under B (forwarded), then under the survivor by the old number, then by the new one.
    await site.send('B', { event: 'A02', at: '202605011230', place: '4W^403^A' });
    await site.send('A', { event: 'A02', at: '202605011240', place: '4W^404^A' }, 'B');
    await site.send('A', { event: 'A03', at: '202605011300', place: '4W^404^A', pid: { 3: 'MA^^^GENHOSP^MR' } }, 'B');
    const encounters = site.resources<Encounter>('Encounter', 'B');
    assert.equal(encounters.length, 1);
    assert.equal(encounters[0]?.id, before?.id);
    assert.equal(encounters[0]?.status, 'finished');
    assert.equal(encounters[0]?.location?.length, 3);
    assert.equal(site.resources('Encounter').length, 2);
    assert.deepEqual(site.visits().sort(), ['A in-progress somewhere', 'B finished nowhere']);
    assert.equal(site.timeline('B').length, 4);
    assert.equal((await site.driver.emitted(topics.timeline)).filter(({ key, value }) => key === 'A' && value.patientId === 'A').length, 5);
    await site.driver.stop();
  });

  it('an old number takes no new one’s place, and what it says of the person is news of the survivor', async () => {
    const site = await Site.start();
    await site.send('A', { ...admit(), pid: { 13: '111' } });
    await site.send('B', { ...admit('4W^402^A'), pid: { 13: '999' } });
    await site.merge('A', 'B');
    assert.equal(site.patient('A').telecom?.[0]?.value, '111');
    await site.send('A', { event: 'A31', at: '202605011400', pv1: null, pid: { 3: 'MB^^^GENHOSP^MR', 13: '222' } });
    const a = site.patient('A');
    assert.equal(a.telecom?.[0]?.value, '222');
    assert.deepEqual(
      a.identifier?.map(({ value }) => value),
      ['MA', 'MB'],
    );
    await site.send('A', { event: 'A31', at: '202605011500', pv1: null, pid: { 13: '333' } });
    assert.equal(site.patient('A').telecom?.[0]?.value, '333');
    await site.driver.stop();
  });

  it('an A40 of somebody unknown keeps the number as an old one', async () => {
    const site = await Site.start();
    await site.send('A', admit());
    await site.send('A', { event: 'A40', at: '202605011200', pv1: null, more: ['MRG|M7^^^GENHOSP^MR'] });
    await site.send('A', { event: 'A31', at: '202605011400', pv1: null, pid: { 3: 'M7^^^GENHOSP^MR' } });
    assert.deepEqual(
      site.patient('A').identifier?.map(({ value, use }) => [value, use]),
      [
        ['MA', undefined],
        ['M7', 'old'],
      ],
    );
    assert.deepEqual(site.found('M7'), ['A']);
    await site.driver.stop();
  });

  it('a visit without a number goes on where it is open', async () => {
    const site = await Site.start();
    await site.send('A', { event: 'A31', at: '202605010900', pv1: null });
    await site.send('B', { ...admit('4W^402^A'), visit: null });
    await site.merge('A', 'B');
    await site.send('A', { event: 'A02', at: '202605011400', place: '4W^405^A', visit: null });
    assert.deepEqual(site.resources('Encounter', 'A'), []);
    assert.equal(site.resources<Encounter>('Encounter', 'B')[0]?.location?.length, 2);
    await site.driver.stop();
  });

  it('after an unmerge both are as if there had been no merge, with what came meanwhile', async () => {
    const [merged, never] = [await Site.start(), await Site.start()];
    const allergic = { more: ['AL1|1|DA|PEN^Penicillin^L'] };
    const story = async (site: Site, key: (of: string) => string, step: (n: number) => Promise<void>) => {
      await site.send('A', { id: 's1', ...admit(), ...allergic });
      await site.send('B', { id: 's2', ...admit('4W^402^A'), visit: null, pid: { 5: 'Baker^Bert' } });
      await step(1);
      await site.send(key('B'), { id: 's3', event: 'A02', at: '202605011300', place: '4W^403^A', visit: null }, 'B');
      await site.send(
        key('B'),
        { id: 's4', event: 'A08', at: '202605011310', pid: { 13: '222' }, visit: null, more: ['AL1|1|DA|NUT^Nuts^L'] },
        'B',
      );
      await site.send(key('B'), { id: 's5', event: 'A01', at: '202605011400', place: '5W^1^A', visit: 'VB2' }, 'B');
      await site.send('A', { id: 's6', event: 'A02', at: '202605011320', place: '4W^408^A' });
      await step(2);
      await site.send('B', { id: 's7', event: 'A03', at: '202605011500', place: '5W^1^A', visit: 'VB2' });
      await site.send('A', { id: 's8', event: 'A03', at: '202605011510' });
    };
    await story(
      merged,
      () => 'A',
      async (n) => (n === 1 ? merged.merge('A', 'B', { more: ['MRG|MB^^^GENHOSP^MR'], id: 'merge' }) : merged.unmerge('A', 'B')),
    );
    // The A40 itself stays in A's history: it was a message about A.
    await story(
      never,
      (of) => of,
      async (n) => {
        if (n === 1) await never.send('A', { event: 'A40', at: '202605011200', pv1: null, id: 'merge' });
      },
    );
    assert.deepEqual(merged.found('MB'), ['B']);
    assert.deepEqual(merged.outcome(), never.outcome());
    assert.equal(merged.patient('B').active, undefined);
    assert.equal((await merged.driver.held()).length, 0);
    await merged.driver.stop();
    await never.driver.stop();
  });

  it('merges of merged patients, undone one after the other', async () => {
    const site = await Site.start();
    for (const key of ['A', 'B', 'C']) await site.send(key, { ...admit(`4W^40${key}^A`), more: [`AL1|1|DA|${key}^Thing ${key}^L`] });
    await site.merge('B', 'C');
    await site.merge('A', 'B');
    const a = site.patient('A');
    assert.deepEqual(
      a.identifier?.map(({ value }) => value),
      ['MA', 'MB', 'MC'],
    );
    assert.deepEqual(
      site.patient('B').link?.map(({ type, other }) => `${type} ${other.reference}`),
      ['replaces Patient/C', 'replaced-by Patient/A'],
    );
    // Forwarded twice.
    await site.send('C', { event: 'A02', at: '202605011300', place: '4W^499^A' });
    await site.send('A', { event: 'A03', at: '202605011400' }, 'C');
    assert.equal(site.resources<Encounter>('Encounter', 'C')[0]?.status, 'finished');
    await site.unmerge('A', 'B');
    assert.deepEqual([site.found('MA'), site.found('MB'), site.found('MC')], [['A'], ['B'], ['B']]);
    assert.equal(site.patient('A').link, undefined);
    await site.unmerge('B', 'C');
    assert.deepEqual(site.found('MC'), ['C']);
    assert.deepEqual(site.driver.rows(patientLink), []);
    for (const key of ['A', 'B', 'C']) {
      assert.deepEqual([site.patient(key).active, site.patient(key).link], [undefined, undefined]);
      assert.equal(site.resources<AllergyIntolerance>('AllergyIntolerance', key).length, 1);
    }
    await site.driver.stop();
  });

  it('events of one minute keep their order over a merge, though their offsets come from two partitions', async () => {
    const site = await Site.start();
    // B's partition is far ahead of A's.
    for (let n = 0; n < 30; n++) await site.send('B', { event: 'A31', at: '202605010800', pv1: null, pid: { 13: String(n) } });
    await site.send('B', { ...admit('4W^402^A') });
    await site.merge('A', 'B');
    await site.send('A', { event: 'A02', at: '202605011000', place: '4W^403^A' }, 'B');
    const places = site.resources<Encounter>('Encounter', 'B')[0]?.location?.map(({ status }) => status);
    assert.deepEqual(places, ['completed', 'active']);
    assert.equal(site.timeline('B').at(-1)?.startsWith('Transfer'), true);
    await site.driver.stop();
  });

  it('any interleaving, with crashes: every event once, and the encounters as without a merge', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const random = seededRandom(seed);
      const site = await Site.start();
      const at = (n: number) => `2026050110${String(n).padStart(2, '0')}`;
      const merging = 4 + random.int(20);
      for (let n = 0; n < 40; n++) {
        const of = random.chance(0.5) ? 'A' : 'B';
        const text: AdtText = { event: n < 2 ? 'A01' : 'A02', at: at(n), place: `W^${n}^1`, visit: `V${n < 2 ? 'AB'[n] : of}` };
        const who = n < 2 ? ('AB'[n] as string) : of;
        const key = n <= merging || random.chance(0.3) ? who : 'A';
        const value = site.record(key, { ...text, pid: { 3: `M${who}^^^GENHOSP^MR` } });
        site.driver.log.put({
          topic: topics.adt.name,
          key,
          value: await site.driver.encode(value),
          headers: { eventId: value.eventId },
        });
        if (n === merging)
          for (const [to, control, peer] of [
            ['B', 'merge.out', 'A'],
            ['A', 'merge.hold', 'B'],
          ] as const)
            site.driver.log.put({
              topic: topics.adt.name,
              key: to,
              value: Buffer.from(JSON.stringify({ id: 'm', peer })),
              headers: { 'aorta-control': control, eventId: `m:${control}` },
            });
        if (random.chance(0.2)) await site.driver.advance(random.int(30));
        if (random.chance(0.1)) await site.driver.crash();
      }
      await site.driver.advance(20_000);
      assert.deepEqual(
        (await site.driver.held()).map(({ key, head }) => [key, head.reason, head.errorCode]),
        [],
        `seed ${seed}`,
      );
      const rows = site.driver.rows<TimelineRow>(timelineEvent);
      assert.equal(rows.length, 40);
      assert.equal(new Set(rows.map(({ event_id }) => event_id)).size, 40);
      for (const key of ['A', 'B']) {
        const [encounter, ...more] = site.resources<Encounter>('Encounter', key);
        assert.equal(more.length, 0);
        const places = encounter?.location?.map(({ location }) => Number(location.display?.split(' ')[1]));
        assert.deepEqual(
          places,
          [...(places ?? [])].sort((x, y) => x - y),
          `seed ${seed}: in order`,
        );
        assert.equal(places?.length, site.timeline(key).length);
      }
      await site.driver.stop();
    }
  });
});
