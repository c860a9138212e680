import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classOf } from '../../../src/errors/index.ts';
import type { Column, Table } from '../../../src/state/table.ts';
import type { Workers } from '../conformance.ts';
import { fresh, Owner, source } from './groups.ts';

type Loose = Table<never>;
const declared = (name: string, columns: Readonly<Record<string, Column>>, key: string[] = ['id'], indexes: string[][] = []): Loose =>
  ({ name, columns, key, indexes }) as unknown as Loose;
const permanent = (thrown: unknown): boolean => classOf(thrown) === 'Permanent';
const text: Column = { type: 'text' };
const maybe: Column = { type: 'text', nullable: true };

export function tableTests(workers: Workers): void {
  describe('declared tables', () => {
    it('may be declared again, by many workers at once', async () => {
      const tables = Array.from({ length: 3 }, () => declared(fresh('ward'), { id: text, name: maybe }, ['id'], [['name']]));
      await Promise.all([
        workers.one.ensureTables(tables),
        workers.two.ensureTables([...tables].reverse()),
        workers.one.ensureTables(tables),
      ]);
      await workers.two.ensureTables(tables);
      for (const { name } of tables) assert.deepEqual(await workers.one.query(`select * from ${name}`, []), []);
    });

    it('a new nullable column is added, and rows keep what they have', async () => {
      const name = fresh('ward');
      await workers.one.ensureTables([declared(name, { id: text, name: maybe })]);
      const owner = await Owner.claim(workers.one);
      const row = (table: Loose, values: object) => ({ effect: { op: 'upsert' as const, table, row: values }, source });
      await owner.commit({ effects: [row(declared(name, { id: text, name: maybe }), { id: 'a', name: 'A' })] });
      const wider = declared(name, { id: text, beds: { type: 'integer', nullable: true }, name: maybe });
      await Promise.all([workers.one.ensureTables([wider]), workers.two.ensureTables([wider])]);
      await owner.commit({ effects: [row(wider, { id: 'b', beds: 4 })] });
      assert.deepEqual(await workers.two.query(`select id, name, beds from ${name} order by id`, []), [
        { id: 'a', name: 'A', beds: null },
        { id: 'b', name: null, beds: 4 },
      ]);
    });

    it('a mark of PHI may change', async () => {
      const name = fresh('ward');
      await workers.one.ensureTables([declared(name, { id: text, name: maybe })]);
      await workers.one.ensureTables([declared(name, { id: text, name: { ...maybe, phi: true } })]);
    });

    const before = { id: text, name: maybe, beds: { type: 'integer', nullable: true } as Column };
    const changes: Record<string, (name: string) => Loose> = {
      'a new column that is not nullable': (name) => declared(name, { ...before, code: text }),
      'another type': (name) => declared(name, { ...before, beds: { type: 'text', nullable: true } }),
      'a column that is left out': (name) => declared(name, { id: text, name: maybe }),
      'a column that was nullable': (name) => declared(name, { ...before, name: text }),
      'another key': (name) => declared(name, before, ['id', 'name']),
      'another index': (name) => declared(name, before, ['id'], [['name']]),
    };
    for (const [change, changed] of Object.entries(changes)) {
      it(`${change} is refused and changes nothing`, async () => {
        const name = fresh('ward');
        await workers.one.ensureTables([declared(name, before)]);
        const sibling = declared(fresh('sibling'), { id: text });
        await assert.rejects(workers.one.ensureTables([sibling, changed(name)]), permanent);
        await workers.one.ensureTables([declared(name, before)]);
        await assert.rejects(workers.one.query(`select * from ${sibling.name}`, []));
      });
    }

    const wrong: Record<string, () => Loose> = {
      'a name in capitals': () => declared('Ward', { id: text }),
      'a name that injects SQL': () => declared('ward; drop table aorta_lane', { id: text }),
      'a name of the core tables': () => declared('aorta_mine', { id: text }),
      'a name that is too long': () => declared('w'.repeat(64), { id: text }),
      'a column in capitals': () => declared(fresh('ward'), { id: text, wardName: maybe }),
      'a column of ours': () => declared(fresh('ward'), { id: text, source_event: maybe }),
      'an unknown type': () => declared(fresh('ward'), { id: text, when: { type: 'date' as never } }),
      'no key': () => declared(fresh('ward'), { id: text }, []),
      'a key that is not a column': () => declared(fresh('ward'), { id: text }, ['number']),
      'a key that may be null': () => declared(fresh('ward'), { id: maybe }),
      'an index that is not a column': () => declared(fresh('ward'), { id: text }, ['id'], [['number']]),
    };
    for (const [problem, make] of Object.entries(wrong)) {
      it(`${problem} is refused`, async () => {
        await assert.rejects(workers.one.ensureTables([make()]), permanent);
      });
    }

    it('the same name with two shapes in one call is refused', async () => {
      const name = fresh('ward');
      await assert.rejects(workers.one.ensureTables([declared(name, { id: text }), declared(name, { id: text, name: text })]), permanent);
    });
  });
}
