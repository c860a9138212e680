import { actor, branch, type Flow, filter, flow, map, pipe, process, skip, tee, to, topic } from 'aorta';
import { type Equal, expectType } from './expect.ts';

type Vital =
  | { readonly kind: 'pulse'; readonly rate: number }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'other' };
type Pulse = Extract<Vital, { kind: 'pulse' }>;
const vitals = topic<Vital>('vitals', 'bytes');
const alerts = topic<number>('alerts', 'int');
const notes = topic<string>('notes', 'string');
const source = flow('f').from(vitals);

const isPulse = (v: Vital): v is Pulse => v.kind === 'pulse';
const isNote = (v: Vital) => v.kind === 'note';
const isUrgent = (v: Vital): boolean => v.kind === 'pulse' && v.rate > 100;

// Guards narrow inside their branch, also in nested pipes, tees and branches; the result is the union of the open branches.
const rejoined = source.pipe(
  branch('kind', {
    pulse: [
      isPulse,
      pipe(
        map((v) => v.rate),
        filter('high', (rate) => rate > 100),
        map((rate) => rate * 2),
      ),
    ],
    note: [isNote, map((v) => v.text)],
    inline: [
      (v: Vital) => v.kind === 'note',
      pipe(
        map((v) => v.text),
        map((text) => [text]),
      ),
    ],
    sunk: [
      isPulse,
      tee({
        a: pipe(
          map((v) => v.rate),
          to(alerts),
        ),
      }),
    ],
    skipped: [isUrgent, skip('urgent')],
    otherwise: map((v) => v.kind === 'other'),
  }),
  map((v) => v),
);
expectType<Equal<typeof rejoined, Flow<number | string | string[] | boolean>>>();

// A predicate without a guard leaves the type as it is.
const plain = source.pipe(branch('urgent', { urgent: [isUrgent, map((v) => v.kind)], otherwise: skip('calm') }));
expectType<Equal<typeof plain, Flow<'pulse' | 'note' | 'other'>>>();

// Nested.
const nested = source.pipe(
  branch('outer', {
    pulse: [isPulse, branch('inner', { fast: [(v: Pulse) => v.rate > 100, map((v) => v.rate)], otherwise: skip('slow') })],
    otherwise: skip('no-pulse'),
  }),
);
expectType<Equal<typeof nested, Flow<number>>>();

// Nothing leaves when every branch ends.
const closed = source.pipe(
  branch('kind', {
    pulse: [
      isPulse,
      pipe(
        map((v) => v.rate),
        to(alerts),
      ),
    ],
    otherwise: skip('no-pulse'),
  }),
);
expectType<Equal<typeof closed, Flow<never>>>();

// An actor in a branch gets the narrowed value.
const watch = actor({ version: 1, initial: () => ({ n: 0 }), receive: (state, v: Pulse) => ({ state, emit: [v.rate] }) });
const watched = source.pipe(branch('kind', { pulse: [isPulse, process('watch', watch)], otherwise: skip('no-pulse') }), to(alerts));
expectType<Equal<typeof watched, Flow<never>>>();

// @ts-expect-error otherwise is required
source.pipe(branch('kind', { pulse: [isPulse, map((v) => v.rate)] }));
source.pipe(
  branch('kind', {
    // @ts-expect-error a pulse has no text
    pulse: [isPulse, map((v) => v.text)],
    otherwise: skip('no'),
  }),
);
source.pipe(
  branch('kind', {
    pulse: [
      isPulse,
      pipe(
        // @ts-expect-error the alerts topic takes numbers
        map((v) => String(v.rate)),
        to(alerts),
      ),
    ],
    otherwise: skip('no'),
  }),
);
source.pipe(
  branch('kind', {
    // @ts-expect-error the actor takes pulses only
    any: [isUrgent, process('watch', watch)],
    otherwise: skip('no'),
  }),
);
source.pipe(
  branch('kind', {
    // @ts-expect-error a bare operator has no predicate
    pulse: map(() => 1),
    otherwise: skip('no'),
  }),
);
// @ts-expect-error a note leaves as well, and alerts takes numbers
source.pipe(branch('kind', { pulse: [isPulse, map((v) => v.rate)], otherwise: map(() => 'text') }), to(alerts));
source.pipe(branch('kind', { note: [isNote, map((v) => v.text)], otherwise: skip('no') }), to(notes));
