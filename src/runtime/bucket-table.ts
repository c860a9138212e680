import type { BucketStorage } from '../keyed/memory/storage.ts';
import type { Database } from '../sqlite/database.ts';

/** The quotas of the embedded profile, in table `aorta_bucket` of its database. */
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
});
