import { type PostgresOptions, PostgresPool } from '../../src/postgres/pool.ts';
import { services, uniqueName } from './services.ts';

/** A schema of its own in the shared PostgreSQL; its tables are made by `migrate`. */
export function freshSchema(prefix: string): PostgresOptions & { readonly schema: string; drop(): Promise<void> } {
  const schema = uniqueName(prefix);
  const url = services().databaseUrl;
  return {
    url,
    schema,
    async drop() {
      const pool = new PostgresPool({ url, connections: 1, deadlineMs: 30_000 });
      try {
        await pool.query({ text: `drop schema if exists "${schema}" cascade` });
      } finally {
        await pool.close();
      }
    },
  };
}
