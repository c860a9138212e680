import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AvroSchema } from '../port.ts';

type Line = { readonly id: number; readonly schema: AvroSchema } | { readonly id: number; readonly subject: string; readonly text: string };

/**
 * What a registry once said, for ever: schemas by id, and ids by (subject, canonical schema). Kept in memory and, given a
 * file, in JSON lines on disk, so that a restart works while the registry is down. A torn last line is ignored.
 */
export class RegistryCache {
  readonly #file: string | undefined;
  readonly #schemas = new Map<number, AvroSchema>();
  readonly #ids = new Map<string, number>();
  readonly #onWarning: (cause: unknown) => void;
  #writes: Promise<void> = Promise.resolve();

  constructor(file: string | undefined, onWarning: (cause: unknown) => void) {
    this.#file = file;
    this.#onWarning = onWarning;
  }

  async load(): Promise<void> {
    if (!this.#file) return;
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const entry = parse(line);
      if (!entry) continue;
      if ('schema' in entry) this.#schemas.set(entry.id, entry.schema);
      else this.#ids.set(key(entry.subject, entry.text), entry.id);
    }
  }

  schema(id: number): AvroSchema | undefined {
    return this.#schemas.get(id);
  }

  id(subject: string, text: string): number | undefined {
    return this.#ids.get(key(subject, text));
  }

  keepSchema(id: number, schema: AvroSchema): void {
    if (this.#schemas.has(id)) return;
    this.#schemas.set(id, schema);
    this.#append({ id, schema });
  }

  keepId(subject: string, text: string, id: number): void {
    if (this.#ids.get(key(subject, text)) === id) return;
    this.#ids.set(key(subject, text), id);
    this.#append({ id, subject, text });
  }

  /** Forgets everything: the registry behind the URL is another one now. */
  clear(): void {
    this.#schemas.clear();
    this.#ids.clear();
    this.#write(async (file) => writeFile(file, ''));
  }

  /** Resolves when all that was kept is on disk. */
  flush(): Promise<void> {
    return this.#writes;
  }

  #append(line: Line): void {
    this.#write(async (file) => {
      await mkdir(dirname(file), { recursive: true });
      // The leading line break ends a line that a crash tore.
      await appendFile(file, `\n${JSON.stringify(line)}`);
    });
  }

  #write(work: (file: string) => Promise<void>): void {
    const file = this.#file;
    if (file) this.#writes = this.#writes.then(() => work(file)).catch(this.#onWarning);
  }
}

const key = (subject: string, text: string): string => `${subject}\n${text}`;

function parse(line: string): Line | undefined {
  if (line === '') return undefined;
  try {
    const entry = JSON.parse(line) as Line;
    return Number.isInteger(entry.id) ? entry : undefined;
  } catch {
    return undefined;
  }
}
