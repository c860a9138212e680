import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AllergyIntolerance, Condition, Observation, RelatedPerson } from '../../../src/fhir/index.ts';
import { adt, segment } from './messages.ts';
import { PatientRun } from './run.ts';

const run = (...messages: string[]) => new PatientRun().send(...messages);
const allergies = (of: PatientRun) =>
  of
    .resources<AllergyIntolerance>('AllergyIntolerance')
    .map((each) => `${each.code?.coding?.[0]?.code} ${each.clinicalStatus?.coding?.[0]?.code}`)
    .sort();
const related = (of: PatientRun) =>
  of
    .resources<RelatedPerson>('RelatedPerson')
    .map((each) => `${each.relationship?.[0]?.coding?.[0]?.code} ${each.name?.[0]?.given?.[0]}`)
    .sort()
    .reverse();
const conditions = (of: PatientRun) =>
  of
    .resources<Condition>('Condition')
    .map((each) => `${each.code?.coding?.[0]?.code} ${(each.clinicalStatus ?? each.verificationStatus)?.coding?.[0]?.code}`)
    .sort();

describe('A04 and A05', () => {
  it('plan a visit, which A01 begins', async () => {
    for (const [event, type] of [
      ['A04', 'Registration'],
      ['A05', 'PreAdmission'],
    ] as const) {
      const plan = adt({ event, at: '202605010900', place: '4W^401^A' });
      const visit = await run(plan);
      assert.deepEqual([visit.encounter.status, visit.timeline[0]?.type], ['planned', type]);
      assert.deepEqual(visit.stays(), ['4W 401 A planned –']);
      assert.equal(visit.visits[0]?.status, 'planned');
      await visit.send(adt({ event: 'A01', at: '202605011000', place: 'ICU^1^B' }));
      assert.deepEqual([visit.encounter.status, visit.encounter.period?.start], ['in-progress', '2026-05-01T10:00:00+00:00']);
      assert.deepEqual(visit.stays(), ['ICU 1 B active 10:00–'], 'the planned bed is no stay');
      // The plan arrives late: the visit goes on.
      const late = await run(adt({ event: 'A01', at: '202605010800', place: 'ICU^1^B' }), plan);
      assert.deepEqual(late.stays(), ['ICU 1 B active 08:00–']);
    }
  });

  it('A04 is taken back by A11, A05 is not', async () => {
    const undo = adt({ event: 'A11', at: '202605011000' });
    const registered = await run(adt({ event: 'A04', at: '202605010900' }), undo);
    assert.equal(registered.encounter.status, 'cancelled');
    assert.equal(registered.timeline[1]?.cancels, 'ADT1|GENHOSP/A04-202605010900');
    assert.equal((await run(adt({ event: 'A05', at: '202605010900' }), undo)).timeline[1]?.cancels, null);
  });

  it('begin a visit of their own where there is no visit number', async () => {
    const visit = await run(
      adt({ event: 'A01', at: '202605010900', visit: null }),
      adt({ event: 'A03', at: '202605011000', visit: null }),
      adt({ event: 'A04', at: '202605011100', visit: null }),
    );
    assert.deepEqual(visit.encounters.map((each) => each.status).sort(), ['finished', 'planned']);
  });
});

describe('A28 and A31', () => {
  it('are about the person and touch no visit, whatever their PV1 says', async () => {
    const person = await run(
      adt({ event: 'A28', at: '202605010900', place: '4W^401^A', pid: { 5: 'Before^Name' } }),
      adt({ event: 'A31', at: '202605011000', place: '4W^401^A', pid: { 5: 'After^Name' } }),
    );
    assert.deepEqual(person.encounters, []);
    assert.equal(person.patient.name?.[0]?.family, 'After');
    assert.deepEqual(
      person.timeline.map((row) => [row.type, row.encounter, row.ward]),
      [
        ['Registration', null, null],
        ['Update', null, null],
      ],
    );
  });
});

describe('NK1', () => {
  const spouse = 'NK1|1|Muster^Anna|SPO^^HL70063|Weg 1^^Bern|^PRN^PH^^^^111|^WPN^PH^^^^222|C^^HL70131|20200101|||||||F';
  it('is the patient’s contacts, the newest list whole', async () => {
    const person = await run(adt({ event: 'A08', at: '202605010900', more: [spouse, 'NK1|2|Muster^Eva|MTH'] }));
    assert.deepEqual(person.patient.contact?.[0], {
      relationship: [
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'SPS', display: 'spouse' }] },
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'C', display: 'Emergency Contact' }] },
      ],
      name: { family: 'Muster', given: ['Anna'] },
      telecom: [
        { system: 'phone', value: '111', use: 'home' },
        { system: 'phone', value: '222', use: 'work' },
      ],
      address: { line: ['Weg 1'], city: 'Bern' },
      gender: 'female',
      period: { start: '2020-01-01' },
    });
    await person.send(adt({ event: 'A08', at: '202605011000' }));
    assert.equal(person.patient.contact?.length, 2, 'no NK1 says nothing');
    assert.deepEqual(related(person), ['SPS Anna', 'MTH Eva']);
    await person.send(
      adt({ event: 'A08', at: '202605011100', more: ['NK1|1|Muster^Eva|MTH'] }),
      adt({ event: 'A08', at: '202605010800', more: [spouse] }),
    );
    assert.equal(person.patient.contact?.[0]?.name?.given?.[0], 'Eva');
    assert.equal(person.patient.contact?.length, 1);
    assert.deepEqual(related(person), ['MTH Eva'], 'who is not listed any more is no related person any more');
    await person.send(adt({ event: 'A08', at: '202605011200', more: ['NK1|1|""'] }));
    assert.equal(person.patient.contact, undefined);
    assert.deepEqual(related(person), []);
  });

  it('and PID-21 are related persons, each under one id whatever else changes', async () => {
    const numbered = (name: string) => `NK1|1|${name}|SPO${'|'.repeat(30)}R1^^^GENHOSP`;
    const person = await run(adt({ event: 'A28', at: '202605010900', pid: { 21: 'MOM1' }, more: [numbered('Muster^Anna')] }));
    const before = person.resources<RelatedPerson>('RelatedPerson').map(({ id }) => id);
    await person.send(adt({ event: 'A31', at: '202605011000', more: [numbered('Muster-Meier^Anna')] }));
    const after = person.resources<RelatedPerson>('RelatedPerson');
    assert.deepEqual(after.map(({ id }) => id).sort(), [...before].sort());
    assert.deepEqual(after.map((each) => each.name?.[0]?.family ?? each.identifier?.[0]?.system).sort(), [
      'Muster-Meier',
      'urn:id:GENHOSP',
    ]);
    await person.send(adt({ event: 'A31', at: '202605011100', pid: { 21: '""' } }));
    assert.equal(person.resources('RelatedPerson').length, 1);
  });
});

describe('PD1-7', () => {
  it('is the living will, as it was last said; "" takes it away', async () => {
    const will = (person: PatientRun) =>
      person.resources<Observation>('Observation').map((each) => each.valueCodeableConcept?.coding?.[0]?.code);
    const said = (event: string, at: string, value: string) => adt({ event, at, more: [`PD1|||||||${value}`] });
    const person = await run(said('A28', '202605010900', 'N'), said('A31', '202605011000', 'Y'), said('A31', '202605010930', 'I'));
    assert.deepEqual(will(person), ['Y']);
    await person.send(said('A31', '202605011100', '""'));
    assert.deepEqual(will(person), []);
  });
});

describe('AL1', () => {
  it('is an allergy each; what no list has any more is inactive', async () => {
    const both = ['AL1|1|DA|7980^Penicillin^RXNORM|SV|Hives~Wheezing|20200101', 'AL1|2|FA|NUT^Nuts^L'];
    const person = await run(adt({ event: 'A08', at: '202605010900', more: both }));
    const [penicillin] = person.resources<AllergyIntolerance>('AllergyIntolerance');
    assert.deepEqual(
      [penicillin?.type, penicillin?.category, penicillin?.reaction, penicillin?.onsetDateTime],
      ['allergy', ['medication'], [{ manifestation: [{ text: 'Hives' }, { text: 'Wheezing' }], severity: 'severe' }], '2020-01-01'],
    );
    await person.send(adt({ event: 'A08', at: '202605011000', more: both.slice(1) }));
    assert.deepEqual(allergies(person), ['7980 inactive', 'NUT active']);
    // Another system's list says nothing of this one's.
    await person.send(adt({ event: 'A08', at: '202605011100', msh: { 3: 'PHARM' }, id: 'p1', more: ['AL1|1|DA|7980^Penicillin^RXNORM'] }));
    assert.deepEqual(allergies(person), ['7980 active', 'NUT active']);
    await person.send(adt({ event: 'A08', at: '202605010830', more: ['AL1|1|FA|EGG^Egg^L'] }));
    assert.deepEqual(allergies(person), ['7980 active', 'EGG inactive', 'NUT active']);
  });
});

describe('DG1', () => {
  it('is a condition of the visit, the newest list whole', async () => {
    const visit = await run(
      adt({
        event: 'A01',
        at: '202605010900',
        more: ['DG1|1||R07.4^Chest pain^I10||202605010800|A|||||||||1|D1^Welby', 'DG1|2||I10^Hypertension^I10'],
      }),
    );
    assert.deepEqual(conditions(visit), ['I10 active', 'R07.4 active']);
    assert.deepEqual(
      visit.encounter.diagnosis?.map(({ use, rank }) => [use?.coding?.[0]?.code, rank]),
      [
        ['AD', 1],
        [undefined, undefined],
      ],
    );
    await visit.send(adt({ event: 'A08', at: '202605011000', more: ['DG1|1||I21.9^Infarction^I10|||F', 'DG1|2||I10^Hypertension^I10'] }));
    assert.deepEqual(conditions(visit), ['I10 active', 'I21.9 active', 'R07.4 inactive']);
    assert.equal(visit.encounter.diagnosis?.length, 2);
    assert.equal(visit.encounter.diagnosis?.[0]?.condition.reference?.startsWith('Condition/con-'), true);
  });

  it('is deleted by DG1-21, which leaves the others alone', async () => {
    const visit = await run(
      adt({ event: 'A01', at: '202605010900', more: [segment('DG1', { 3: 'A^A^L', 20: 'X1' }), segment('DG1', { 3: 'B^B^L', 20: 'X2' })] }),
      adt({ event: 'A08', at: '202605011000', more: [segment('DG1', { 3: 'A^A^L', 20: 'X1', 21: 'D' })] }),
    );
    assert.deepEqual(conditions(visit), ['A entered-in-error', 'B active']);
    assert.equal(visit.encounter.diagnosis?.length, 1);
  });

  it('leaves nothing behind in a visit that turned out to be another', async () => {
    const loose = adt({ event: 'A02', at: '202605011000', visit: null, place: '4W^401^A', more: ['DG1|1||I10^Hypertension^I10'] });
    const visit = await run(loose, adt({ event: 'A01', at: '202605010900' }));
    assert.equal(visit.resources<Condition>('Condition').length, 1);
    assert.equal(visit.resources<Condition>('Condition')[0]?.encounter?.reference, `Encounter/${visit.encounter.id}`);
  });
});

describe('the same event under another control id', () => {
  it('is one, whichever it is', async () => {
    for (const event of ['A01', 'A02', 'A03', 'A04', 'A05', 'A08', 'A11', 'A12', 'A13', 'A28', 'A31']) {
      const message = { event, at: '202605011000', place: '4W^401^A', more: ['NK1|1|Muster^Anna', 'AL1|1|FA|NUT', 'DG1|1||I10'] };
      const once = await run(adt({ ...message, id: 'first' }));
      const before = once.outcome();
      await once.send(adt({ ...message, id: 'again' }));
      assert.deepEqual(once.outcome(), before, event);
      assert.deepEqual(once.skipped, ['natural-duplicate'], event);
      assert.equal(once.emitted.length, 1);
    }
  });

  it('is another event where it says something new', async () => {
    const said = { event: 'A08', at: '202605011000' };
    for (const news of [
      { pid: { 5: 'Other^Name' } },
      { pv1: { 10: 'CAR' } },
      { more: ['AL1|1|FA|NUT'] },
      { more: ['DG1|1||I10'] },
      { more: ['NK1|1|A^B'] },
    ]) {
      const twice = await run(adt({ ...said, id: 'first' }), adt({ ...said, ...news, id: 'again' }));
      assert.deepEqual(twice.skipped, []);
      assert.equal(twice.timeline.length, 2);
    }
    const beds = await run(
      adt({ ...said, event: 'A02', id: '1', place: '4W^401^A' }),
      adt({ ...said, event: 'A02', id: '2', place: 'ICU^1^B' }),
    );
    assert.equal(beds.timeline.length, 2);
  });

  it('is another one of another kind, however much alike', async () => {
    const same = { at: '202605011000', place: '4W^401^A' };
    const visit = await run(adt({ ...same, event: 'A01' }), adt({ ...same, event: 'A08' }), adt({ ...same, event: 'A03' }));
    assert.deepEqual([visit.skipped, visit.encounter.status], [[], 'finished']);
  });

  it('still is one when the person changed in between', async () => {
    const message = { event: 'A01', at: '202605011000', place: '4W^401^A' };
    const person = await run(
      adt({ ...message, id: '1' }),
      adt({ event: 'A08', at: '202605011100', pid: { 5: 'New^Name' } }),
      adt({ ...message, id: '2' }),
    );
    assert.deepEqual(person.skipped, ['natural-duplicate']);
  });
});

describe('an event that comes again much later', () => {
  const limitsOf = { events: 256, visits: 16 };
  const minute = (n: number): string => {
    const at = new Date(Date.UTC(2026, 4, 1, 0, n));
    return at.toISOString().slice(0, 16).replace(/[-:T]/g, '');
  };

  it('is one, though something of the same minute came in between', async () => {
    const message = { event: 'A01', at: '202605011000', place: '4W^401^A', pid: { 5: 'Old^Name' } };
    const visit = await run(
      adt({ ...message, id: '1' }),
      adt({ event: 'A08', at: '202605011000', pid: { 5: 'New^Name' }, pv1: { 10: 'CAR' } }),
    );
    const before = visit.outcome();
    await visit.send(adt({ ...message, id: '2' }));
    assert.deepEqual(visit.skipped, ['natural-duplicate']);
    assert.deepEqual(visit.outcome(), before);
  });

  it('is one, though its visit had so many events since that the older ones were folded', async () => {
    const move = (n: number, id = `m${n}`) => adt({ event: n === 0 ? 'A01' : 'A02', at: minute(n), id, place: `4W^${n}^A` });
    const visit = await run(...Array.from({ length: limitsOf.events + 40 }, (_, n) => move(n)));
    const before = visit.outcome();
    await visit.send(move(0, 'again-0'), move(3, 'again-3'), move(290, 'again-290'));
    assert.deepEqual(visit.skipped, ['natural-duplicate', 'natural-duplicate', 'natural-duplicate']);
    assert.deepEqual(visit.outcome(), before);
  });

  it('is one, though its visit is over and so many came after it that it was sealed; also what came late to it', async () => {
    const stay = (n: number) => [
      adt({ event: 'A01', at: minute(10 * n), id: `in${n}`, visit: `V${n}`, place: '4W^401^A' }),
      adt({ event: 'A03', at: minute(10 * n + 5), id: `out${n}`, visit: `V${n}` }),
    ];
    const visit = await run(...Array.from({ length: limitsOf.visits + 4 }, (_, n) => stay(n)).flat());
    const late = (id: string) => adt({ event: 'A02', at: minute(3), id, visit: 'V0', place: '4W^402^B' });
    await visit.send(late('late'));
    assert.deepEqual(visit.skipped, []);
    const before = visit.outcome();
    const again = (id: string) => adt({ event: 'A01', at: minute(0), id, visit: 'V0', place: '4W^401^A' });
    await visit.send(again('again'), late('late-again'));
    assert.deepEqual(visit.skipped, ['natural-duplicate', 'natural-duplicate']);
    assert.deepEqual(visit.outcome(), before);
  });

  it('is one, without a visit number, though its visit has a key of its own by now', async () => {
    const move = (n: number, id = `m${n}`) => adt({ event: n === 0 ? 'A01' : 'A02', at: minute(n), id, visit: null, place: `4W^${n}^A` });
    const visit = await run(...Array.from({ length: limitsOf.events + 2 }, (_, n) => move(n)));
    const before = visit.outcome();
    await visit.send(move(200, 'again'));
    assert.deepEqual(visit.skipped, ['natural-duplicate']);
    assert.deepEqual(visit.outcome(), before);
  });
});
