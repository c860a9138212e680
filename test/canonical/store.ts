import { canonicalTables } from '../../src/canonical/tables.ts';
import type { LaneRef, State } from '../../src/state/port.ts';
import { createPostgresState } from '../../src/state/postgres/index.ts';
import { createSqliteState } from '../../src/state/sqlite/state.ts';
import type { Effect, Table } from '../../src/state/table.ts';
import { temporaryDatabase } from '../sqlite/temporary.ts';
import { freshSchema } from '../support/postgres.ts';

/** A real store with the canonical tables, and a way to apply effects as a turn does. */
export interface CanonicalStore {
  readonly state: State;
  apply(...effects: readonly Effect[]): Promise<void>;
  remove(): Promise<void>;
}

export const stores: Readonly<Record<string, () => Promise<CanonicalStore>>> = {
  SQLite: async () => {
    const { database, remove } = temporaryDatabase();
    return prepared(createSqliteState({ database }), async () => remove());
  },
  PostgreSQL: async () => {
    const { drop, ...options } = freshSchema('canonical');
    return prepared(createPostgresState(options), async () => drop());
  },
};

async function prepared(state: State, remove: () => Promise<void>): Promise<CanonicalStore> {
  await state.migrate();
  await state.ensureTables(canonicalTables as unknown as Table<never>[]);
  const lane: LaneRef = { flow: 'test', lane: 'main', topic: 'hl7.adt', partition: 0 };
  const { epoch } = await state.claim(lane, 1);
  let group = 0;
  return {
    state,
    async apply(...effects) {
      group++;
      const source = { eventId: `event-${group}`, flowHash: 'hash', version: '1' };
      const [outcome] = await state.transact([
        {
          lane,
          epoch,
          group,
          applied: { watermark: group, runs: [], hops: {} },
          sentThrough: group - 1,
          states: [],
          effects: effects.map((effect) => ({ effect, source })),
          timers: [],
          outbox: [],
          held: [],
          suspects: [],
          redrivesDone: [],
        },
      ]);
      if (outcome !== 'applied') throw new Error(`the group was ${outcome}`);
    },
    async remove() {
      await state.close();
      await remove();
    },
  };
}
