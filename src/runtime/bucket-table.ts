import type { BucketStorage } from '../keyed/memory/storage.ts';
import type { Database } from '../sqlite/database.ts';

/** The quotas and counters of the embedded profile, in its database. */
export const bucketTable = (database: Database): BucketStorage => ({
  load: async () => database.read<{ bucket: string; until: number }>('SELECT bucket, until FROM aorta_bucket'),
  save: async (rows) => {
    await database.run(
      rows.map(
        ({ bucket, until }) =>
          [
            'INSERT INTO aorta_bucket (bucket, until) VALUES (?, ?) ON CONFLICT (bucket) DO UPDATE SET until = excluded.until',
            [bucket, until],
          ] as const,
      ),
    );
  },
  loadCounters: async () =>
    database.read<{ counter: string; value: number; until: number }>('SELECT counter, value, until FROM aorta_counter'),
  saveCounter: async ({ counter, value, until }, now) => {
    await database.run([
      [
        'INSERT INTO aorta_counter (counter, value, until) VALUES (?, ?, ?) ON CONFLICT (counter) DO UPDATE SET value = excluded.value, until = excluded.until',
        [counter, value, until],
      ],
      ['DELETE FROM aorta_counter WHERE until < ?', [now]],
    ]);
  },
});
