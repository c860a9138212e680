import type { RegistryStorage } from '../schema/embedded/storage.ts';
import type { Database } from '../sqlite/database.ts';

/** The embedded registry's versions, in table `aorta_schema` of the embedded database. */
export const schemaTable = (database: Database): RegistryStorage => ({
  load: async () =>
    database.read<{ id: number; subject: string; version: number; schema: string }>(
      'SELECT id, subject, version, schema FROM aorta_schema ORDER BY id, subject, version',
    ),
  insert: async ({ id, subject, version, fingerprint, schema }) => {
    await database.run([
      [
        'INSERT INTO aorta_schema (id, subject, version, fingerprint, schema) VALUES (?, ?, ?, ?, ?)',
        [id, subject, version, fingerprint, schema],
      ],
    ]);
  },
});
