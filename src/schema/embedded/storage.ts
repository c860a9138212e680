/** One registered version. The same schema has the same `id` under every subject; `version` counts from 1 within its subject. */
export interface Row {
  readonly id: number;
  readonly subject: string;
  readonly version: number;
  /** SHA-256 of the schema's Parsing Canonical Form, hex. */
  readonly fingerprint: string;
  /** JSON. */
  readonly schema: string;
}

/** Where the embedded registry keeps its versions: table `aorta_schema`, or memory. `insert` resolves when durable. */
export interface RegistryStorage {
  load(): Promise<readonly Omit<Row, 'fingerprint'>[]>;
  insert(row: Row): Promise<void>;
}

/** Forgets at the end of the process: for tests. `rows` survives a "restart" when handed to the next registry. */
export function memoryStorage(rows: Omit<Row, 'fingerprint'>[] = []): RegistryStorage {
  return {
    load: async () => [...rows],
    insert: async (row) => {
      rows.push(row);
    },
  };
}
