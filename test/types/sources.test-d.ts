import { branch, cameFrom, type Flow, filter, flow, map, merge, pipe, rekey, tee, to, topic } from 'aorta';
import { type Equal, expectType } from './expect.ts';

interface Admission {
  readonly ward: string;
}
interface Result {
  readonly code: string;
}
const admissions = topic<Admission>('admissions', 'bytes');
const results = topic<Result>('results', 'bytes');
const codes = topic<string>('codes', 'string');
const byWard = topic<Admission>('by-ward', 'bytes', { key: 'ward' });

// The union of the sources' types.
const both = flow('f').from(merge(admissions, results));
expectType<Equal<typeof both, Flow<Admission | Result>>>();
const three = flow('f').from(merge(admissions, results, codes));
expectType<Equal<typeof three, Flow<Admission | Result | string>>>();
// @ts-expect-error one topic is no merge
merge(admissions);

// A guard by source narrows in a branch and behind a filter.
const admitted = cameFrom(admissions);
const told = both.pipe(branch('source', { admitted: [admitted, map((a) => a.ward.length)], otherwise: map(() => 'result') }));
expectType<Equal<typeof told, Flow<number | string>>>();
const wards = both.pipe(filter('admissions', admitted));
expectType<Equal<typeof wards, Flow<Admission>>>();

// rekey: the function gets the value, nothing leaves, and the topic's type is the value's.
const moved = flow('f')
  .from(admissions)
  .pipe(rekey((a) => a.ward, byWard));
expectType<Equal<typeof moved, Flow<never>>>();
flow('f')
  .from(admissions)
  .pipe(rekey('named', (a, ctx) => `${ctx.key}-${a.ward}`, byWard));
flow('f')
  .from(results)
  // @ts-expect-error a result is no admission
  .pipe(rekey((r) => r.code, byWard));
flow('f')
  .from(admissions)
  // @ts-expect-error a key is text
  .pipe(rekey((a) => a.ward.length, byWard));

// Independent lanes: each branch infers from the value, with and without a name.
const split = flow('f')
  .from(results)
  .pipe(
    tee(
      {
        ehr: pipe(
          map((r) => r.code),
          to(codes),
        ),
        all: to(results),
      },
      { lanes: 'independent' },
    ),
  );
expectType<Equal<typeof split, Flow<never>>>();
flow('f')
  .from(results)
  .pipe(tee('named', { ehr: to(results) }, { lanes: 'independent' }));
flow('f')
  .from(results)
  // @ts-expect-error there are two kinds of lanes
  .pipe(tee({ all: to(results) }, { lanes: 'own' }));
