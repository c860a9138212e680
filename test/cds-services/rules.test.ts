import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { conflicts, type Medication } from '../../cds-services/rules/allergies.ts';
import { conflictCard, labCard, taskCard } from '../../cds-services/rules/cards.ts';
import { abnormalLabs } from '../../cds-services/rules/labs.ts';
import { pendingTasks } from '../../cds-services/rules/tasks.ts';
import { named, plain, summary } from '../../cds-services/rules/text.ts';
import { cardProblems } from '../../src/cds/index.ts';
import type { AllergyIntolerance, Observation } from '../../src/fhir/index.ts';

const allergy = (text: string, more: Partial<AllergyIntolerance> = {}): AllergyIntolerance => ({
  resourceType: 'AllergyIntolerance',
  id: 'a',
  code: { text },
  patient: {},
  ...more,
});
const drug = (text: string): Medication => ({ id: 'm', medicationCodeableConcept: { text } });
const kinds = (of: AllergyIntolerance, ...drugs: string[]) => conflicts([of], drugs.map(drug)).map(({ kind }) => kind);
const status = (code: string) => ({ coding: [{ code }] });

test('an allergy conflicts with the substance itself, its class, and a class that cross-reacts', () => {
  assert.deepEqual(
    kinds(allergy('Penicillin V'), 'Amoxicillin 500 MG Oral Capsule', 'Cefazolin 1 GM Injection', 'lisinopril 10 MG Oral Tablet'),
    ['class', 'cross'],
  );
  assert.deepEqual(
    kinds(allergy('Aspirin'), 'aspirin 81 MG Oral Tablet', 'Ibuprofen 400 MG Oral Tablet [Ibu]', 'Clopidogrel 75 MG Oral Tablet'),
    ['same', 'class'],
  );
  const coded = allergy('X', { code: { coding: [{ system: 's', code: '1' }] } });
  assert.deepEqual(
    conflicts([coded], [{ medicationCodeableConcept: { coding: [{ system: 's', code: '1' }] } }]).map(({ kind }) => kind),
    ['same'],
  );
});

test('a class is known in the plural too, and a medication that an order brings along', () => {
  assert.deepEqual(kinds(allergy('Penicillins'), 'Amoxicillin 500 MG Oral Capsule'), ['class']);
  assert.deepEqual(kinds(allergy('NSAIDs'), 'Ibuprofen 400 MG Oral Tablet'), ['class']);
  assert.deepEqual(kinds(allergy('Statins'), 'Simvastatin 10 MG Oral Tablet'), ['class']);
  const order = (reference: string): Medication => ({
    ...{ id: 'm', medicationReference: { reference } },
    contained: [{ resourceType: 'Medication', id: 'drug', code: { text: 'Amoxicillin 500 MG' } }],
  });
  const [found] = conflicts([allergy('Penicillin V')], [order('#drug')]);
  assert.deepEqual([found?.kind, found?.medication], ['class', 'Amoxicillin 500 MG']);
  assert.deepEqual(conflicts([allergy('Penicillin V')], [order('#other')]), []);
});

test('words that many products share make no conflict', () => {
  for (const text of ['Allergy to substance (finding)', 'Mold (organism)', 'Tree pollen (substance)', 'potassium', 'Losartan potassium'])
    assert.deepEqual(kinds(allergy(text), 'Naproxen sodium 220 MG Oral Tablet', 'potassium chloride 20 MEQ Oral Tablet'), [], text);
});

test('resolved, refuted and mistaken allergies do not count; one without a status does', () => {
  const of = (more: Partial<AllergyIntolerance>) => kinds(allergy('Aspirin', more), 'Aspirin 81 MG').length;
  assert.equal(of({}), 1);
  for (const code of ['inactive', 'resolved']) assert.equal(of({ clinicalStatus: status(code) }), 0, code);
  for (const code of ['refuted', 'entered-in-error']) assert.equal(of({ verificationStatus: status(code) }), 0, code);
});

const lab = (value: number | undefined, more: Partial<Observation> = {}): Observation => ({
  ...{
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '2823-3' }], text: 'Potassium' },
  },
  ...(value === undefined ? {} : { valueQuantity: { value, unit: 'mmol/L', code: 'mmol/L' } }),
  ...{ effectiveDateTime: '2026-11-01T10:00:00Z', ...more },
});
const flags = (...labs: Observation[]) => abnormalLabs(labs).map(({ flag, critical, by }) => [flag, critical, by]);

test("a result is judged by the laboratory's flag, else its range, else a standard range of the same unit", () => {
  assert.deepEqual(flags(lab(4, { interpretation: [status('HH')] })), [['high', true, 'interpretation']]);
  assert.deepEqual(flags(lab(9, { interpretation: [status('N')] })), []);
  const referenceRange = [{ low: { value: 4.5 }, high: { value: 5 } }];
  assert.deepEqual(flags(lab(4, { referenceRange })), [['low', false, 'reference range']]);
  assert.deepEqual(flags(lab(4.7, { referenceRange })), []);
  assert.deepEqual(flags(lab(6.5)), [['high', true, 'standard range']]);
  assert.deepEqual(flags(lab(3.4)), [['low', false, 'standard range']]);
  assert.deepEqual(flags(lab(6.5, { valueQuantity: { value: 6.5, unit: 'mg/dL', code: 'mg/dL' } })), []);
  assert.deepEqual(flags(lab(6.5, { code: { text: 'Unknown' } })), []);
});

test('the newest of a test counts, what is not final in some way does not, and critical ones come first', () => {
  const early = lab(6.9, { effectiveDateTime: '2026-10-01T10:00:00Z' });
  assert.deepEqual(flags(early, lab(4.2)), []);
  assert.deepEqual(flags(lab(6.9, { status: 'entered-in-error' }), lab(6.9, { status: 'cancelled' })), []);
  const sodium = lab(undefined, { code: { text: 'Sodium' }, interpretation: [status('L')], effectiveDateTime: '2026-11-05T10:00:00Z' });
  assert.deepEqual(
    abnormalLabs([sodium, lab(6.9)]).map(({ name, critical }) => [name, critical]),
    [
      ['Potassium', true],
      ['Sodium', false],
    ],
  );
});

test('tasks that wait for somebody are pending, overdue ones first', () => {
  const task = (id: string, state: string, end?: string) => ({
    resourceType: 'Task',
    id,
    status: state,
    description: id,
    ...(end ? { restriction: { period: { end } } } : {}),
  });
  const now = Date.UTC(2026, 10, 28);
  assert.deepEqual(
    pendingTasks(
      [task('a', 'requested'), task('b', 'completed'), task('c', 'ready', '2026-11-27'), task('d', 'on-hold', '2026-11-29')],
      now,
    ),
    [
      { title: 'c', overdue: true },
      { title: 'a', overdue: false },
      { title: 'd', overdue: false },
    ],
  );
});

test('free text is data: it makes no link, no markup and no second line in a card', () => {
  for (const text of [
    '[click](https://evil.example)',
    '<img src=x onerror=y>',
    '# head\n- x',
    '**bold** `code` ![i](x)',
    'https://evil.example',
    'a@evil.example',
  ])
    assert.doesNotMatch(plain(text), /(?<!\\)[[\]<>*_`#!:@]|\n/, text);
  assert.equal(named(undefined), 'unnamed');
  assert.equal([...summary('é'.repeat(500))].length, 139);
});

test('whatever is in the record, every card is a valid one', () => {
  const text = fc.oneof(fc.string({ maxLength: 300 }), fc.constant('Penicillin V'), fc.constant('Aspirin'));
  const frame = { home: 'https://aorta.example', incomplete: ['labs'] };
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), fc.array(fc.double(), { maxLength: 20 }), (texts, values) => {
      const of = (at: number) => texts[at % texts.length] ?? '';
      const found = conflicts(
        texts.map((each) => allergy(each)),
        texts.map(drug),
      );
      const labs = abnormalLabs(
        values.map((value, at) => lab(value, { code: { text: of(at) }, interpretation: [status('H')], effectiveDateTime: of(at) })),
      );
      const tasks = pendingTasks(texts.map((each) => ({ resourceType: 'Task', status: 'requested', description: each })) as never, 0);
      for (const card of [conflictCard(found, frame), labCard(labs, frame), taskCard(tasks, frame)])
        if (card) assert.deepEqual(cardProblems(card), []);
    }),
  );
});

test('what was not read is said in the card: nothing mentioned must not mean nothing there', () => {
  const card = taskCard([{ title: 't', overdue: false }], { home: 'https://h', incomplete: ['labs', 'allergies'] });
  assert.match(card?.detail ?? '', /Not read completely: labs and allergies\./);
});
