import { error } from '../../errors/index.ts';
import { canonical, parsed } from '../canonical.ts';
import { fingerprintOf } from '../codec/type.ts';
import { backwardCompatible } from '../compatibility.ts';
import type { AvroSchema, Compatibility, RegisteredSchema, Registry } from '../port.ts';
import type { RegistryStorage } from './storage.ts';

/**
 * The registry in the process: what a Confluent-compatible one does, over a small table. BACKWARD against the latest version.
 *
 * Invariants: a version is visible only once it is durable; registrations run one after the other; ids never change.
 * Failures: the storage's own errors pass through, and leave nothing registered.
 */
class EmbeddedRegistry implements Registry {
  readonly kind = 'embedded';
  readonly #storage: RegistryStorage;
  readonly #byId = new Map<number, RegisteredSchema>();
  readonly #bySubject = new Map<string, RegisteredSchema[]>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(storage: RegistryStorage, rows: readonly RegisteredSchema[]) {
    this.#storage = storage;
    for (const row of [...rows].sort((a, b) => a.version - b.version)) this.#add(row);
  }

  register(subject: string, schema: AvroSchema): Promise<number> {
    const run = this.#queue.then(() => this.#register(subject, schema));
    this.#queue = run.catch(() => undefined);
    return run;
  }

  async #register(subject: string, schema: AvroSchema): Promise<number> {
    const text = canonical(schema);
    const versions = this.#bySubject.get(subject) ?? [];
    const known = versions.find((version) => canonical(version.schema) === text);
    if (known) return known.id;
    const { compatible, problems } = await this.check(subject, schema);
    if (!compatible) throw error('AORTA_SCHEMA_007', { subject, problems: problems.join('; ') });
    const same = [...this.#byId.values()].find((other) => canonical(other.schema) === text);
    const id = same?.id ?? Math.max(0, ...this.#byId.keys()) + 1;
    const version = (versions.at(-1)?.version ?? 0) + 1;
    await this.#storage.insert({
      id,
      subject,
      version,
      fingerprint: fingerprintOf(parsed(subject, schema)),
      schema: JSON.stringify(schema),
    });
    this.#add({ id, subject, version, schema });
    return id;
  }

  async check(subject: string, schema: AvroSchema): Promise<Compatibility> {
    parsed(subject, schema);
    const latest = this.#bySubject.get(subject)?.at(-1);
    return latest ? backwardCompatible(schema, latest.schema) : { compatible: true, problems: [] };
  }

  cached(id: number): AvroSchema | undefined {
    return this.#byId.get(id)?.schema;
  }

  async byId(id: number): Promise<AvroSchema> {
    const known = this.#byId.get(id);
    if (!known) throw error('AORTA_SCHEMA_005', { schemaId: id });
    return known.schema;
  }

  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    return this.#bySubject.get(subject)?.at(-1);
  }

  async subjects(): Promise<readonly string[]> {
    return [...this.#bySubject.keys()].sort();
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {
    await this.#queue;
  }

  #add(row: RegisteredSchema): void {
    this.#byId.set(row.id, row);
    const versions = this.#bySubject.get(row.subject);
    if (versions) versions.push(row);
    else this.#bySubject.set(row.subject, [row]);
  }
}

/** Loads what the storage holds. */
export async function embeddedRegistry(storage: RegistryStorage): Promise<Registry> {
  const rows = await storage.load();
  return new EmbeddedRegistry(
    storage,
    rows.map(({ id, subject, version, schema }) => ({ id, subject, version, schema: JSON.parse(schema) as AvroSchema })),
  );
}
