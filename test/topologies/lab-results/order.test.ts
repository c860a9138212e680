import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { limits } from '../../../topologies/lab-results/state.ts';
import { type OruText, oru } from './messages.ts';
import { ResultsRun } from './run.ts';

const codes = ['718-7^Hemoglobin^LN', '4544-3^Hematocrit^LN', 'IMP^Impression^L'];

/** One patient's messages at distinct minutes: two orders, all kinds of status, some results left out. */
const history: fc.Arbitrary<OruText[]> = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 6 }).chain((minutes) =>
  fc.tuple(
    ...minutes.map((minute) =>
      fc
        .record({
          filler: fc.constantFrom('F1', 'F1', 'F1', 'F2'),
          status: fc.constantFrom('P', 'F', 'C', 'X', 'A', ''),
          results: fc.uniqueArray(fc.constantFrom(...codes), { minLength: 1, maxLength: 3 }),
          value: fc.integer({ min: 0, max: 5 }),
          obx: fc.constantFrom('P', 'F', 'C', 'X', 'W', 'U', 'I'),
          changed: fc.option(fc.integer({ min: 0, max: 59 })),
          document: fc.boolean(),
          specimen: fc.option(fc.constantFrom('BLD', 'SER')),
          visit: fc.constantFrom('V1', 'V1', 'V2'),
        })
        .map(({ filler, status, results, value, obx, changed, document, specimen, visit }): OruText => {
          const two = (n: number) => String(n).padStart(2, '0');
          return {
            at: `2026050110${two(minute)}`,
            id: `m${minute}`,
            pv1: { 19: visit },
            orders: [
              {
                filler,
                status,
                // Distinct by the minute as well: equal ranks are for arrival to decide.
                ...(changed === null ? {} : { changed: `2026050109${two(changed)}` }),
                ...(specimen ? { spm: [{ 2: 'S1', 4: specimen }] } : {}),
                results: results.map((code) =>
                  document && code.startsWith('IMP')
                    ? { type: 'ED', code, status: obx, value: `^TEXT^PLAIN^A^text ${value}` }
                    : { code, status: obx, value: obx === 'U' ? '' : String(value), type: code.startsWith('IMP') ? 'TX' : 'NM' },
                ),
              },
            ],
          };
        }),
    ),
  ),
);

describe('lab-results, whatever the order', () => {
  it('gives the same rows for every order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(
        history.chain((messages) => fc.tuple(fc.constant(messages), fc.shuffledSubarray(messages, { minLength: messages.length }))),
        async ([messages, shuffled]) => {
          const inTime = await new ResultsRun().send(...messages.map(oru));
          const late = await new ResultsRun().send(...shuffled.map(oru));
          assert.deepEqual(current(late), current(inTime));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('changes nothing when messages come again, under their control id or another', async () => {
    await fc.assert(
      fc.asyncProperty(
        history.chain((messages) => fc.tuple(fc.constant(messages), fc.subarray(messages), fc.boolean())),
        async ([messages, again, renamed]) => {
          const run = await new ResultsRun().send(...messages.map(oru));
          const [before, state, told] = [run.outcome(), JSON.stringify(run.state), run.emitted.length];
          await run.send(...again.map((message) => oru(renamed ? { ...message, id: `again-${message.id}` } : message)));
          assert.deepEqual(run.outcome(), before);
          assert.equal(JSON.stringify(run.state), state);
          assert.equal(run.emitted.length, told);
          assert.deepEqual(
            run.skipped,
            again.map(() => 'natural-duplicate'),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it('writes nothing new when a message is told again that is not remembered', async () => {
    const message = (n: number): OruText => ({
      at: `2026050110${String(n % 60).padStart(2, '0')}`,
      id: `n${n}`,
      orders: [{ filler: `F${n % 5}`, results: [{ value: String(n) }] }],
    });
    const run = await new ResultsRun().send(oru(message(0)));
    for (let n = 1; n <= limits.seen + 1; n++) await run.send(oru(message(n)));
    const before = run.outcome();
    await run.send(oru(message(0)));
    assert.deepEqual(run.skipped, []);
    assert.deepEqual(run.outcome(), before);
  });

  it('lets old reports go: what comes late adds, and never overwrites', async () => {
    const minute = (n: number) => `202605${String(1 + Math.floor(n / 60)).padStart(2, '0')}10${String(n % 60).padStart(2, '0')}`;
    const message = (n: number, value: string, at = minute(n)) => oru({ at, orders: [{ filler: `F${n}`, at: '', results: [{ value }] }] });
    const run = new ResultsRun();
    for (let n = 0; n < limits.reports + 10; n++) await run.send(message(n, String(n)));
    const reports = (run.state as { reports: object }).reports;
    assert.equal(Object.keys(reports).length, limits.reports);
    const value = () =>
      run.observations.find((each) =>
        JSON.stringify(run.reports.find((r) => r.identifier?.[0]?.value === 'F3')).includes(each.id as string),
      );
    assert.equal(value()?.valueQuantity?.value, 3);
    // Older than what was let go: nothing changes.
    await run.send(message(3, '999', minute(2)));
    assert.equal(value()?.valueQuantity?.value, 3);
    // An unknown report of that time is added.
    await run.send(oru({ at: minute(1), orders: [{ filler: 'F-unknown', results: [{}] }] }));
    assert.ok(run.reports.some((each) => each.identifier?.[0]?.value === 'F-unknown'));
    // A newer word on a report that was let go counts, under a version above the last.
    await run.send(message(3, '4', minute(200)));
    assert.equal(value()?.valueQuantity?.value, 4);
    assert.equal(Number(value()?.meta?.versionId) > 1, true);
  });
});

/** Without the placeholders: the first message's make them. */
function current(run: ResultsRun): unknown {
  const { resources, ...rest } = run.outcome() as { resources: { resourceType: string }[] };
  return { resources: resources.filter(({ resourceType }) => resourceType !== 'Patient' && resourceType !== 'Encounter'), ...rest };
}
