import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Hl7Oru } from '../../../schemas/generated/hl7-oru.ts';
import { topics } from '../../../schemas/topics.ts';
import { fhirIdentifier, fhirResource, type ResourceRow, type TimelineRow, timelineEvent } from '../../../src/canonical/tables.ts';
import type { DiagnosticReport, Encounter, Observation } from '../../../src/fhir/index.ts';
import { oruEvents, parse, readOru } from '../../../src/hl7/index.ts';
import { TestDriver } from '../../../src/testing/index.ts';
import labResults from '../../../topologies/lab-results/index.ts';
import { type OruText, oru } from './messages.ts';
import { memoryBlob } from './run.ts';

class Site {
  readonly driver: TestDriver<Hl7Oru>;

  private constructor(driver: TestDriver<Hl7Oru>) {
    this.driver = driver;
  }

  static async start(): Promise<Site> {
    return new Site(await TestDriver.start<Hl7Oru>(labResults({ blob: memoryBlob() }), { source: topics.oru }));
  }

  /** Under `key`, about the number `M<of>`. */
  async send(key: string, text: OruText, of = key): Promise<void> {
    const raw = Buffer.from(oru({ pv1: { 19: `V${of}` }, ...text, pid: { 3: `M${of}^^^GENHOSP^MR` } }));
    const message = parse(raw);
    const { facts } = readOru(message, { events: oruEvents, zone: 'UTC' });
    assert.ok(facts);
    const { event, controlId, sender, occurredAt } = facts;
    const value = {
      ...{ eventId: `e-${controlId}`, patientId: key, sender, controlId, event, occurredAt, receivedAt: 0, charset: 'UTF-8' },
      ...{ raw, blobRef: null, size: raw.length, profile: null },
    };
    await this.driver.send({ key, value, eventId: value.eventId });
    await this.driver.advance(100);
  }

  async order(key: string, control: string, id: string, peer: string): Promise<void> {
    await this.driver.sendRaw(key, Buffer.from(JSON.stringify({ id, peer })), { 'aorta-control': control, eventId: `${id}:${control}` });
    await this.driver.advance(200);
  }

  async merge(into: string, from: string): Promise<void> {
    await this.order(from, 'merge.out', `m-${from}-${into}`, into);
    await this.order(into, 'merge.hold', `m-${from}-${into}`, from);
  }

  async unmerge(survivor: string, merged: string): Promise<void> {
    await this.order(survivor, 'unmerge.out', `u-${merged}`, merged);
    await this.order(merged, 'unmerge.hold', `u-${merged}`, survivor);
  }

  resources<R>(type: string): { readonly patient: string | null; readonly resource: R }[] {
    return this.driver
      .rows<ResourceRow>(fhirResource)
      .filter((row) => row.type === type)
      .map((row) => ({ patient: row.patient, resource: JSON.parse(row.body as string) as R }));
  }

  values(): string[] {
    return this.resources<Observation>('Observation')
      .map(({ patient, resource }) => `${patient} ${resource.status} ${resource.valueQuantity?.value}`)
      .sort();
  }

  timeline(patient: string): string[] {
    return this.driver
      .rows<TimelineRow>(timelineEvent)
      .filter((row) => row.patient === patient)
      .map(({ message_id }) => message_id)
      .sort();
  }

  numbers(value: string): string[] {
    return this.driver
      .rows(fhirIdentifier)
      .filter((row) => row.type === 'Patient' && row.value === value && row.system === 'urn:id:GENHOSP')
      .map((row) => row.id);
  }
}

const report = (id: string, at: string, value: string, over: Partial<OruText['orders'][number]> = {}): OruText => ({
  at,
  id,
  orders: [{ filler: 'F1', status: 'F', results: [{ value }], ...over }],
});

describe('lab-results: merged patients', () => {
  it('a message under a new control id is one effect, before and after the merge, under either key, and after its undoing', async () => {
    const site = await Site.start();
    const again = (n: number) => report(`again-${n}`, '202605011000', '10');
    await site.send('B', report('first', '202605011000', '10'));
    await site.send('B', again(1));
    await site.merge('A', 'B');
    await site.send('B', again(2));
    await site.send('A', again(3), 'B');
    await site.unmerge('A', 'B');
    await site.send('B', again(4));
    assert.deepEqual([site.timeline('A'), site.timeline('B'), site.values()], [[], ['first'], ['B final 10']]);
    await site.driver.stop();
  });

  it('a correction finds the report under the id that it was written under, from wherever it comes', async () => {
    const site = await Site.start();
    await site.send('B', report('first', '202605011000', '10'));
    assert.deepEqual(site.numbers('MB'), ['B']);
    await site.merge('A', 'B');
    assert.deepEqual(site.numbers('MB'), [], 'the number of its placeholder is the survivor’s');
    const correction = (id: string, at: string, value: string) => report(id, at, value, { status: 'C', results: [{ value, status: 'C' }] });
    await site.send('B', correction('forwarded', '202605011100', '11'));
    assert.deepEqual(site.values(), ['B corrected 11']);
    await site.send('A', correction('old', '202605011200', '12'), 'B');
    await site.send('A', correction('new', '202605011300', '13'), 'A');
    assert.deepEqual(site.values(), ['B corrected 13']);
    await site.send('A', report('other', '202605011400', '20', { filler: 'F2' }), 'A');
    await site.send('A', report('old-number', '202605011500', '30', { filler: 'F3' }), 'B');
    assert.deepEqual(site.values(), ['A final 20', 'B corrected 13', 'B final 30']);
    for (const { patient, resource } of site.resources<Encounter>('Encounter'))
      assert.deepEqual(
        [patient, resource.subject?.reference],
        [resource.identifier?.[0]?.value?.slice(1), `Patient/${patient}`],
        'each visit is its patient’s',
      );
    assert.equal(site.resources('Encounter').length, 2);
    assert.deepEqual([site.timeline('A'), site.timeline('B')], [['other'], ['first', 'forwarded', 'new', 'old', 'old-number']]);
    const told = await site.driver.emitted(topics.timeline);
    assert.deepEqual(told.map(({ key, value }) => `${key} ${value.patientId} ${value.messageId}`).sort(), [
      'A A forwarded',
      'A A new',
      'A A old',
      'A A old-number',
      'A A other',
      'B B first',
    ]);
    const reports = site.resources<DiagnosticReport>('DiagnosticReport');
    for (const { patient, resource } of reports) assert.equal(resource.subject?.reference, `Patient/${patient}`);
    assert.equal((await site.driver.held()).length, 0);
    await site.driver.stop();
  });

  it('a result of the same second comes after what was there before the merge', async () => {
    const site = await Site.start();
    // B's partition is ahead of A's.
    for (let n = 0; n < 20; n++) await site.send('B', report(`b${n}`, '202605011000', String(n)));
    await site.merge('A', 'B');
    await site.send('A', report('a', '202605011000', '99'), 'B');
    assert.deepEqual(site.values(), ['B final 99']);
    await site.driver.stop();
  });

  it('after an unmerge each goes on with its own', async () => {
    const site = await Site.start();
    await site.send('A', report('a1', '202605011000', '1', { filler: 'FA' }));
    await site.send('B', report('b1', '202605011000', '2', { filler: 'FB' }));
    await site.merge('A', 'B');
    await site.send('A', report('b2', '202605011100', '3', { filler: 'FB' }), 'B');
    await site.unmerge('A', 'B');
    assert.deepEqual([site.numbers('MA'), site.numbers('MB')], [['A'], ['B']]);
    await site.send('B', report('b3', '202605011100', '4', { filler: 'FB' }));
    await site.send('A', report('a2', '202605011200', '5', { filler: 'FA' }));
    assert.deepEqual(site.values(), ['A final 5', 'B final 4']);
    assert.deepEqual(
      [site.timeline('A'), site.timeline('B')],
      [
        ['a1', 'a2'],
        ['b1', 'b2', 'b3'],
      ],
    );
    assert.equal((await site.driver.held()).length, 0);
    await site.driver.stop();
  });
});
