import { AortaError } from '../../../src/errors/index.ts';
import { batch, flow, map, mapAsync, merge, pipe, rekey, tee, to } from '../../../src/index.ts';
import { byKind, type Event, event, events, more, out } from '../flows.ts';
import { failing, supervised } from './failing.ts';
import { numbered, rowsOf } from './numbered.ts';
import { target } from './target.ts';

const plain = (lane: string) => map(`plain-${lane}`, ({ n, fails, kind }: Event) => ({ n, fails, kind }));

function branches() {
  const judge = failing();
  const refused = new Set<string>();
  return tee(
    {
      ehr: pipe(
        mapAsync('post', async (e: Event, ctx) => judge(e, ctx.eventId)),
        numbered('ehr'),
        plain('ehr'),
        to(out),
      ),
      wards: pipe(
        numbered('wards'),
        // Refused as a whole for one item, once for each such item.
        batch(
          'bulk',
          async (items) => {
            const bad = items.filter(({ value, eventId }) => value.kind === 'permanent' && value.fails > 1 && !refused.has(eventId));
            if (bad.length > 0 && items.length === 1) for (const { eventId } of bad) refused.add(eventId);
            if (bad.length > 0) throw new AortaError('AORTA_TEST', 'Permanent', 'planned');
            return items.map(({ value }) => value);
          },
          { max: 4, within: 20 },
        ),
        plain('wards'),
        rekey((e) => e.kind, byKind),
      ),
    },
    { lanes: 'independent' },
  );
}

const options = { event, events: 80, steps: 8, engine: { maxWaitMs: 100 }, invariant: rowsOf('ehr', 'wards') };

/** Independent lanes, one with a batch: one that fails and waits, one that does not. */
export default target('lanes', () => flow('lanes', supervised).from(events).pipe(branches()), options);
/** The same over two sources. */
export const lanesOfTwo = target(
  'lanes-of-two',
  () => flow('lanes-of-two', supervised).from(merge(events, more)).pipe(branches()),
  // Small groups, so that two transactions are under way at once.
  { ...options, engine: { ...options.engine, group: { maxTurns: 8, maxBytes: 2 ** 20 } } },
);
