import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type AdtText, adt, segment } from './messages.ts';
import { PatientRun } from './run.ts';

const places = ['4W^401^A', '4W^401^B', 'ICU^1^A', 'SUR^7^C', 'ER'];

/** One patient's events at distinct minutes: all kinds, two visit numbers and none, some fields set, changed or deleted. */
const history: fc.Arbitrary<AdtText[]> = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 7 }).chain((minutes) =>
  fc.tuple(
    ...minutes.map((minute) =>
      fc
        .record({
          event: fc.constantFrom('A01', 'A01', 'A02', 'A02', 'A03', 'A04', 'A05', 'A08', 'A11', 'A12', 'A13', 'A28', 'A31'),
          place: fc.constantFrom(...places),
          from: fc.option(fc.constantFrom(...places)),
          visit: fc.constantFrom('V1', 'V1', 'V1', 'V2', null),
          name: fc.constantFrom('Muster^Max', 'Muster^Maximilian', '""'),
          phone: fc.constantFrom('', '0441111', '""'),
          number: fc.constantFrom('M1^^^GENHOSP^MR', 'M1^^^GENHOSP^MR~L9^^^LAB^PI', 'L8^^^LAB^PI'),
          service: fc.constantFrom('', 'CAR', '""'),
          diagnoses: fc.subarray([
            'DG1|1||I10^Hypertension^I10C',
            'DG1|2||E11^Diabetes^I10C||202605010100|W',
            segment('DG1', { 3: 'I10^Hypertension^I10C', 21: 'D' }),
          ]),
          allergies: fc.subarray(['AL1|1|DA|PEN^Penicillin^L|SV|Hives', 'AL1|2|FA|NUT^Nuts^L']),
          contacts: fc.subarray(['NK1|1|Muster^Anna|SPO', 'NK1|2|Muster^Eva|MTH']),
          sender: fc.constantFrom('ADT1', 'ADT1', 'ADT2'),
          ended: fc.constantFrom('', '', '', '202605010130'),
        })
        .map(
          ({ event, place, from, visit, name, phone, number, service, ended, diagnoses, allergies, contacts, sender }): AdtText => ({
            event,
            at: `2026050101${String(minute).padStart(2, '0')}`,
            place,
            visit,
            ...(from === null ? {} : { from }),
            pid: { 3: number, 5: name, 13: phone },
            pv1: { 10: service, 45: ended },
            msh: { 3: sender },
            more: [...contacts, ...allergies, ...diagnoses],
          }),
        ),
    ),
  ),
);

describe('adt-admissions, whatever the order', () => {
  it('gives the same rows for every order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(
        history.chain((events) => fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length }))),
        async ([events, shuffled]) => {
          const inTime = await new PatientRun().send(...events.map(adt));
          const late = await new PatientRun().send(...shuffled.map(adt));
          assert.deepEqual(late.outcome(), inTime.outcome());
        },
      ),
      { numRuns: 400 },
    );
  });

  it('changes nothing when events come again', async () => {
    await fc.assert(
      fc.asyncProperty(
        history.chain((events) => fc.tuple(fc.constant(events), fc.subarray(events))),
        async ([events, again]) => {
          const run = await new PatientRun().send(...events.map(adt));
          const [before, state] = [run.outcome(), JSON.stringify(run.state)];
          const told = run.emitted.length;
          await run.send(...again.map(adt));
          assert.deepEqual(run.outcome(), before);
          assert.equal(JSON.stringify(run.state), state);
          assert.equal(run.emitted.length, told);
          assert.deepEqual(
            run.skipped,
            again.map(({ event }) => (event === 'A28' || event === 'A31' ? 'natural-duplicate' : 'duplicate')),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it('leaves the order of arrival to decide between events of the same time', async () => {
    const one = adt({ event: 'A02', at: '202605011000', id: 'one', place: '4W^401^A' });
    const two = adt({ event: 'A02', at: '202605011000', id: 'two', place: 'ICU^1^B' });
    assert.match((await new PatientRun().send(one, two)).stays().at(-1) ?? '', /^ICU 1 B active/);
    assert.match((await new PatientRun().send(two, one)).stays().at(-1) ?? '', /^4W 401 A active/);
  });

  it('counts a version only when something changed', async () => {
    const run = await new PatientRun().send(
      adt({ event: 'A01', at: '202605011000', place: '4W^401^A' }),
      adt({ event: 'A08', at: '202605011100', place: '4W^401^A' }),
      adt({ event: 'A08', at: '202605011200', pid: { 5: 'Muster^Maximilian' } }),
    );
    assert.deepEqual([run.patient.meta?.versionId, run.encounter.meta?.versionId], ['2', '1']);
  });
});
