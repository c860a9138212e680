import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { classOf } from '../../../src/errors/index.ts';
import { type Effect, effect, type Table, table } from '../../../src/state/table.ts';
import type { Workers } from '../conformance.ts';
import { type Bed, bed, bedTable, fresh, Owner, source, write } from './groups.ts';

/** What the port promises, on a plain map; the adapters must end with the same rows. */
function applyTo(rows: Map<string, Bed>, operation: Effect): void {
  if (operation.op === 'insert' || operation.op === 'upsert') {
    const row = operation.row as Bed;
    const found = rows.get(row.id);
    if (found && operation.op === 'insert') return;
    if (found && operation.op === 'upsert' && operation.newerBy) {
      const by = operation.newerBy as 'moved';
      const [stored, given] = [found[by], row[by]];
      if (stored !== null && given !== null && stored > given) return;
    }
    rows.set(row.id, row);
    return;
  }
  const { id } = operation.key as { id: string };
  const found = rows.get(id);
  if (operation.op === 'remove') rows.delete(id);
  else if (found) rows.set(id, { ...found, ...(operation.set as Partial<Bed>) });
}

const id = fc.constantFrom('a', 'b', 'c');
const row = fc.record({
  id,
  ward: fc.constantFrom('north', 'south', null),
  moved: fc.option(fc.integer({ min: 0, max: 3 })),
  score: fc.constantFrom(1.5, null),
});
type Step = { op: string; id: string; row: Partial<Bed> & { id: string }; set: Partial<Bed> };
const step: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom('insert', 'upsert', 'newer', 'update', 'remove'),
  id,
  row,
  set: fc.record({ ward: fc.constantFrom('east', null), moved: fc.integer({ min: 0, max: 3 }) }, { requiredKeys: [] }),
});

function effectOf(beds: Table<Bed>, { op, id: key, row: given, set }: Step): Effect {
  if (op === 'insert') return effect.insert(beds, bed(given.id, given));
  if (op === 'upsert') return effect.upsert(beds, bed(given.id, given));
  if (op === 'newer') return effect.upsert(beds, bed(given.id, given), 'moved');
  if (op === 'update') return effect.update(beds, { id: key }, set);
  return effect.remove(beds, { id: key });
}

export function effectTests(workers: Workers): void {
  const stored = (beds: Table<Bed>) =>
    workers.two.query<Bed>(`select id, ward, moved, score, active, notes, scan from ${beds.name} order by id`, []);

  describe('effects', () => {
    it('every type of column comes back as declared', async () => {
      const beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      const scan = Buffer.from([0, 255, 92, 39]);
      await owner.commit({
        effects: [
          write.insert(
            beds,
            bed('all', {
              ward: 'née "north" \\ {1,2}',
              moved: 1_700_000_000_123,
              score: 0.1,
              active: true,
              notes: { a: [1, null, 'x'] },
              scan,
            }),
          ),
          write.insert(beds, bed('text', { notes: '{"already":"text"}', active: false, score: -1e300, moved: -5 })),
          write.insert(beds, bed('empty', { ward: '', scan: Buffer.alloc(0), score: 0 })),
          write.insert(beds, bed('null')),
        ],
      });
      assert.deepEqual(await stored(beds), [
        { id: 'all', ward: 'née "north" \\ {1,2}', moved: 1_700_000_000_123, score: 0.1, active: 1, notes: '{"a":[1,null,"x"]}', scan },
        { id: 'empty', ward: '', moved: null, score: 0, active: null, notes: null, scan: Buffer.alloc(0) },
        { id: 'null', ward: null, moved: null, score: null, active: null, notes: null, scan: null },
        { id: 'text', ward: null, moved: -5, score: -1e300, active: 0, notes: '{"already":"text"}', scan: null },
      ]);
    });

    it('insert leaves a row that is there, also one of the same group', async () => {
      const beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      await owner.commit({ effects: [write.insert(beds, bed('a', { ward: 'first' })), write.insert(beds, bed('a', { ward: 'second' }))] });
      await owner.commit({ effects: [write.insert(beds, bed('a', { ward: 'third' }))] });
      assert.equal((await stored(beds))[0]?.ward, 'first');
    });

    it('upsert replaces the whole row: a column left out becomes null', async () => {
      const beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      await owner.commit({ effects: [write.upsert(beds, bed('a', { ward: 'north', score: 1 }))] });
      await owner.commit({ effects: [write.upsert(beds, { id: 'a', moved: 5 } as Bed)] });
      assert.deepEqual(await stored(beds), [bed('a', { moved: 5 })]);
    });

    it('upsert by newer leaves a row whose column is greater, and replaces an equal or an unknown one', async () => {
      const beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      const set = async (moved: number | null, ward: string) => {
        await owner.commit({ effects: [write.upsert(beds, bed('a', { moved, ward }), 'moved')] });
        return (await stored(beds))[0]?.ward;
      };
      assert.equal(await set(10, 'first'), 'first');
      assert.equal(await set(9, 'late'), 'first');
      assert.equal(await set(10, 'same'), 'same');
      assert.equal(await set(11, 'newer'), 'newer');
      assert.equal(await set(null, 'unknown'), 'unknown');
      assert.equal(await set(1, 'known'), 'known');
      await owner.commit({
        effects: [20, 25, 22].map((moved) => write.upsert(beds, bed('a', { moved, ward: `at ${moved}` }), 'moved')),
      });
      assert.equal((await stored(beds))[0]?.ward, 'at 25');
    });

    it('update changes the given columns of a row that exists, and makes none', async () => {
      const beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      await owner.commit({
        effects: [
          write.insert(beds, bed('a', { ward: 'north', score: 1 })),
          write.update(beds, { id: 'a' }, { ward: 'south' }),
          write.update(beds, { id: 'b' }, { ward: 'south' }),
          write.update(beds, { id: 'a' }, { active: true }),
        ],
      });
      assert.deepEqual(await stored(beds), [{ ...bed('a', { ward: 'south', score: 1 }), active: 1 }]);
      await owner.commit({ effects: [write.update(beds, { id: 'a' }, {})] });
      await owner.commit({ effects: [write.update(beds, { id: 'a' }, { score: null })] });
      assert.deepEqual(await stored(beds), [{ ...bed('a', { ward: 'south' }), active: 1 }]);
    });

    it('rows have the source of their last write', async () => {
      const beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      const later = { eventId: 'event-2', flowHash: 'hash-2', version: '4' };
      await owner.commit({ effects: [write.insert(beds, bed('a')), write.insert(beds, bed('b')), write.insert(beds, bed('c'))] });
      await owner.commit({
        effects: [
          { effect: effect.update(beds, { id: 'a' }, { ward: 'x' }), source: later },
          { effect: effect.upsert(beds, bed('b')), source: later },
          { effect: effect.insert(beds, bed('c')), source: later },
        ],
      });
      assert.deepEqual(await workers.two.query(`select id, source_event, source_flow, source_version from ${beds.name} order by id`, []), [
        { id: 'a', source_event: 'event-2', source_flow: 'hash-2', source_version: '4' },
        { id: 'b', source_event: 'event-2', source_flow: 'hash-2', source_version: '4' },
        { id: 'c', source_event: source.eventId, source_flow: source.flowHash, source_version: source.version },
      ]);
    });

    it('keys of several columns and types', async () => {
      interface Visit {
        patient: string;
        number: number;
        day: number;
        status: string;
      }
      const visits = table<Visit>(fresh('visit'), {
        columns: { patient: { type: 'text' }, number: { type: 'integer' }, day: { type: 'timestamp' }, status: { type: 'text' } },
        key: ['patient', 'number'],
      });
      await workers.one.ensureTables([visits as unknown as Table<never>]);
      const owner = await Owner.claim(workers.one);
      const visit = (patient: string, number: number, status: string): Visit => ({ patient, number, day: 5, status });
      await owner.commit({
        effects: [
          write.insert(visits, visit('p', 11, 'a')),
          write.insert(visits, visit('p1', 1, 'b')),
          write.upsert(visits, visit('p', 11, 'c')),
          write.update(visits, { patient: 'p1', number: 1 }, { status: 'd' }),
          write.insert(visits, visit('q', 1, 'e')),
          write.remove(visits, { patient: 'q', number: 1 }),
        ],
      });
      assert.deepEqual(await workers.one.query(`select patient, number, status from ${visits.name} order by patient`, []), [
        { patient: 'p', number: 11, status: 'c' },
        { patient: 'p1', number: 1, status: 'd' },
      ]);
    });

    it('any sequence of operations ends as if applied one by one, in any cut into groups and calls', async () => {
      const beds = await bedTable(workers.one);
      const one = await Owner.claim(workers.one);
      const two = await Owner.claim(workers.one);
      const model = new Map<string, Bed>();
      const owners = [one, two];
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.array(step, { maxLength: 8 }), { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
          async (calls) => {
            for (const call of calls) {
              const groups = call.map((steps, i) =>
                (owners[i] as Owner).next({ effects: steps.map((s) => ({ effect: effectOf(beds, s), source })) }),
              );
              for (const written of groups.flatMap((g) => g.effects)) applyTo(model, written.effect);
              await workers.one.transact(groups);
              assert.deepEqual(
                await stored(beds),
                [...model.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
              );
            }
          },
        ),
        { numRuns: 60, endOnFailure: true },
      );
    });

    for (const [problem, bad] of Object.entries({
      'an unknown column': { colour: 'red' },
      'a number for text': { ward: 5 },
      'text for a number': { score: '5' },
      'a fraction for a timestamp': { moved: 1.5 },
      'a number that is not exact': { moved: 2 ** 60 },
      'a number that is not finite': { score: Number.NaN },
      'text for bytes': { scan: 'abc' },
      'text for a boolean': { active: 'yes' },
      'the null character in text': { ward: 'a\u0000b' },
    })) {
      it(`${problem} is refused as Permanent and nothing is written`, async () => {
        const beds = await bedTable(workers.one);
        const owner = await Owner.claim(workers.one);
        const secret = 'Jane Roe';
        await assert.rejects(
          workers.one.transact([
            owner.next({ effects: [write.insert(beds, bed('good')), write.upsert(beds, { ...bed(secret), ...bad } as Bed)] }),
          ]),
          (thrown: Error) => classOf(thrown) === 'Permanent' && !thrown.message.includes(secret),
        );
        assert.deepEqual(await stored(beds), []);
        assert.equal((await workers.one.claim(owner.lane, 12)).group, 0);
      });
    }

    it('an update that changes or leaves out a key column is refused', async () => {
      const beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      const refused = (written: ReturnType<typeof write.update>) =>
        assert.rejects(
          workers.one.transact([{ ...owner.next(), group: 1, effects: [written] }]),
          (thrown) => classOf(thrown) === 'Permanent',
        );
      await refused(write.update(beds, { id: 'a' }, { id: 'b' }));
      await refused(write.update(beds, {}, { ward: 'b' }));
      await refused(write.remove(beds, { ward: 'b' }));
      await refused(write.upsert(beds, bed('a'), 'colour' as never));
    });
  });
}
