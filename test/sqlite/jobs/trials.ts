import type { Writer } from '../../../src/sqlite/jobs.ts';

/** Jobs for the tests of the writer thread. */
export function table(writer: Writer): null {
  writer.exec('CREATE TABLE IF NOT EXISTS trial (id INTEGER PRIMARY KEY, body BLOB) STRICT');
  return null;
}

export function insert(writer: Writer, { id, body }: { readonly id: number; readonly body: Uint8Array | null }): number {
  writer.prepare('INSERT INTO trial (id, body) VALUES (?, ?)').run(id, body);
  return id;
}

export function insertThenThrow(writer: Writer, { id }: { readonly id: number }): never {
  writer.memo.set('trial', id);
  writer.prepare('INSERT INTO trial (id, body) VALUES (?, NULL)').run(id);
  throw new Error('Jane Roe');
}

export const remember = (writer: Writer, { value }: { readonly value: number }): number => {
  writer.memo.set('trial', value);
  return value;
};

export const remembered = (writer: Writer): number | null => (writer.memo.get('trial') as number | undefined) ?? null;

/** Length of the memory behind the bytes that arrived. */
export const backing = (_: Writer, { body }: { readonly body: Uint8Array }): { size: number; sum: number } => ({
  size: body.buffer.byteLength,
  sum: body.reduce((sum, byte) => sum + byte, 0),
});

/** Lets the file grow by this many pages only: SQLite then answers as on a full disk. */
export function allowPages(writer: Writer, { more }: { readonly more: number }): null {
  const { page_count: count } = writer.prepare('PRAGMA page_count').get() as { page_count: number };
  writer.exec(`PRAGMA max_page_count = ${count + more}`);
  return null;
}

/** Blocks the writer thread. */
export function hang(_: Writer, { ms }: { readonly ms: number }): null {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return null;
}

export function crash(): never {
  process.exit(7);
}
