/**
 * Messages that are well formed and say odd things: what the entry point takes in, the flows must get through. A field that
 * a store refuses would otherwise hold up its patient, or all patients of a partition.
 */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { openEmbedded } from '../../src/runtime/embedded.ts';
import { openOnPostgres } from '../support/hospital/on-postgres.ts';
import { openSite, type Site, until } from '../support/hospital/site.ts';
import { ask } from '../support/http.ts';
import { adt, segment } from './adt-admissions/messages.ts';
import { oru } from './lab-results/messages.ts';

/** Contents of a field that have no CR in them. */
const odd = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      '""',
      '\0',
      'a\0b',
      '\\X00\\',
      '\\X0000\\',
      '\\X1F\\',
      '\\E\\',
      '\\F\\\\S\\\\T\\',
      '\\Z99\\',
      '\\',
      '\\X',
      '^',
      '^^^^^^^^',
      '~',
      '~~~',
      '&&&',
    ],
    ...[
      '0',
      '-1',
      '1e999',
      '-0',
      '0'.repeat(400),
      '9'.repeat(20),
      '1.'.repeat(9),
      '99999999999999',
      '20260230',
      '00000000',
      '2026',
      '20260501093000.123456+9999',
    ],
    ...[
      'A'.repeat(5_000),
      '^'.repeat(600),
      '\u{1f642}',
      '\uffff',
      '\u202e',
      '\x7f',
      '\x1b',
      ' ',
      '\t',
      '<script>',
      '__proto__',
      'constructor',
      'toString',
      "'; drop table x",
    ],
    ...['NULL', 'NaN', 'M1^^^GENHOSP^MR', 'X^^^&1.2.3&ISO', '^^^^^^^^^^^^^^^^^^^^^^^^^^'],
  ),
  fc
    .string({ maxLength: 30, unit: 'binary' })
    .map((text) => [...text].filter((each) => !'\r\n\x0b\x1c'.includes(each) && !/[\ud800-\udfff]/.test(each)).join('')),
  fc
    .array(fc.constantFrom('a', '^', '~', '&', '\\', '|', '\\X00\\', '1', ' ', '\0', 'é'), { maxLength: 20 })
    .map((parts) => parts.join('')),
);
const events = ['A01', 'A02', 'A03', 'A04', 'A05', 'A08', 'A11', 'A12', 'A13', 'A28', 'A31', 'A40'];
const more = [
  segment('NK1', { 1: '1', 2: 'Muster^Eva', 3: 'SPO', 4: 'Gasse 1^^Bern', 5: '0315557788' }),
  segment('AL1', { 1: '1', 2: 'DA', 3: '^Penicillin', 4: 'SV', 5: 'Rash', 6: '20200101' }),
  segment('DG1', { 1: '1', 3: 'J18.9^Pneumonia^ICD-10', 5: '20260501', 6: 'A' }),
];
/** Where: the segment by its place, its field, its value. */
const damage = fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 45 }), odd);
const message = fc.record({
  base: fc.oneof(
    fc.constantFrom(...events).map((event) => ({ event })),
    fc.constantFrom('NM', 'ST', 'TX', 'CE', 'SN', 'DT', 'TS', 'ED', 'RP', 'ZZ').map((type) => ({ type })),
  ),
  patient: fc.nat(5),
  damages: fc.array(damage, { minLength: 1, maxLength: 4 }),
});

for (const [stores, open] of Object.entries({ SQLite: openEmbedded, PostgreSQL: openOnPostgres }))
  describe(`odd messages, stores in ${stores}`, { timeout: 400_000 }, () => {
    let site: Site;
    let number = 0;
    before(async () => {
      site = await openSite({ root: resolve(import.meta.dirname, '../..'), open });
    });
    after(() => site.close());

    const text = (base: { readonly event: string } | { readonly type: string }, mrn: string): string => {
      const [pid, at, id] = [{ 3: `${mrn}^^^GENHOSP^MR` }, '202605010930', `odd-${++number}`];
      if ('type' in base) return oru({ at, id, pid, orders: [{ filler: id, results: [{ type: base.type, value: '7' }, { value: '5' }] }] });
      const merged = base.event === 'A40' ? [segment('MRG', { 1: `${mrn}-old^^^GENHOSP^MR` })] : [];
      return adt({ event: base.event, at, id, place: 'W1^R1^B1', pid, visit: `V-${mrn}`, more: [...more, ...merged] });
    };
    const damaged = (whole: string, all: readonly (readonly [number, number, string])[]): string => {
      const lines = whole.split('\r').filter(Boolean);
      for (const [place, field, value] of all) {
        const fields = (lines[place % lines.length] as string).split('|');
        // MSH-9 to MSH-12 decide whether it is looked at; they have tests of their own.
        const at = fields[0] === 'MSH' ? 2 + (field % 5) : 1 + (field % Math.max(fields.length + 2, 8));
        while (fields.length <= at) fields.push('');
        fields[at] = value;
        lines[place % lines.length] = fields.join('|');
      }
      return `${lines.join('\r')}\r`;
    };

    it('are acknowledged, or refused with a reason, and hold up nobody', async () => {
      const codes = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(message, async ({ base, patient, damages }) => {
          const ack = await site.sendRaw(damaged(text(base, `odd-${patient}`), damages));
          codes.set(ack.code, (codes.get(ack.code) ?? 0) + 1);
          // A bar in a value makes more fields of it: some ask for an answer in the enhanced mode.
          assert.match(ack.code, /^[AC][AER]$/);
        }),
        { numRuns: 150 },
      );
      assert.ok((codes.get('AA') ?? 0) > 40, `most are taken: ${JSON.stringify([...codes])}`);
      // Patients of each partition, and those who were sent odd things.
      for (let n = 0; n < 12; n++) await site.sendRaw(text({ event: 'A01' }, `good-${n}`));
      for (let n = 0; n < 12; n++)
        await until(
          `good-${n}`,
          async () => (await ask(site.url, `/fhir/Patient?identifier=good-${n}`)).json<{ entry?: unknown[] }>().entry,
        );
      for (const list of ['parked', 'dlq']) {
        const answer = await ask(site.url, `/api/ops/${list}`);
        assert.equal(answer.json()['count'], 0, `${list}: ${answer.text.slice(0, 2_000)}`);
      }
    });
  });
