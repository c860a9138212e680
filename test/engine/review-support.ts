import { AortaError } from '../../src/errors/index.ts';
import { effect, table, topic, write } from '../../src/index.ts';
import type { MemoryState } from '../../src/testing/memory-state.ts';

export interface Event {
  readonly n: number;
  readonly kind: string;
}
const schema = {
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'n', type: 'int' },
    { name: 'kind', type: 'string' },
  ],
};
export const events = topic<Event>('events', schema, { partitions: 4 });
export const out = topic<Event>('out', schema, { partitions: 4 });

export interface Row {
  patient: string;
  n: number;
  kind: string;
}
export const rows = table<Row>('seen', {
  columns: { patient: { type: 'text' }, n: { type: 'integer' }, kind: { type: 'text' } },
  key: ['patient', 'n'],
});
export const seen = () =>
  write('seen', { tables: [rows], effects: (e: Event, ctx) => effect.insert(rows, { patient: ctx.key, n: e.n, kind: e.kind }) });

export const transient = () => new AortaError('AORTA_TEST', 'Transient', 'try again');
export const permanent = () => new AortaError('AORTA_TEST', 'Permanent', 'never');

/** Numbers of the effects on the probe table in the order in which groups applied them. */
export const applied = (state: MemoryState): number[] =>
  state.journal.flatMap((g) => g.effects.map(({ effect: e }) => ('row' in e ? (e.row as unknown as Row).n : -1)));
