import type { KeyObject } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { readCheckpoint } from './checkpoint.ts';
import { type Link, readRecord, start } from './record.ts';
import { createSegment, lastLine, segments } from './segments.ts';

/** Where a restart goes on. */
export interface End {
  readonly file: FileHandle;
  readonly size: number;
  /** The next record follows this one. */
  readonly last: Link;
  /** Bytes of a torn last line that were cut off. */
  readonly torn: number;
  /** Records that were removed; the sequence goes on behind them. */
  readonly missing: { readonly from: number; readonly through: number } | undefined;
}

/** Trusts nothing that it need not: what is damaged stays as it is, for `verify` to find. */
export async function findEnd(dir: string, checkpointPath: string, key: KeyObject): Promise<End> {
  const known = await readCheckpoint(checkpointPath, key);
  const paths = await segments(dir);
  const path = paths.at(-1);
  if (path === undefined) {
    const last = known ?? start;
    const missing = last.seq > 0 ? { from: 1, through: last.seq } : undefined;
    return { file: await createSegment(dir, last.seq + 1), size: 0, last, torn: 0, missing };
  }

  const file = await open(path, 'r+');
  const { line, end, size } = await lastLine(file);
  if (end < size) {
    await file.truncate(end);
    await file.sync();
  }
  const rest = { file, size: end, torn: size - end };
  // A segment is made before its first record: it may be empty, and the record is in the one before.
  const record = line === undefined ? await lastRecord(paths.slice(0, -1), key) : readRecord(key, line);
  if (record === 'none')
    return { ...rest, last: known ?? start, missing: known && known.seq > 0 ? { from: 1, through: known.seq } : undefined };
  if (record === undefined) return { ...rest, last: known ?? start, missing: undefined };
  if (known === undefined)
    return { ...rest, last: { seq: record.seq + 1, mac: record.mac }, missing: { from: record.seq + 1, through: record.seq + 1 } };
  if (known.seq > record.seq) return { ...rest, last: known, missing: { from: record.seq + 1, through: known.seq } };
  return { ...rest, last: record, missing: undefined };
}

async function lastRecord(paths: readonly string[], key: KeyObject) {
  for (const path of paths.toReversed()) {
    const file = await open(path, 'r');
    const { line } = await lastLine(file).finally(() => file.close());
    if (line !== undefined) return readRecord(key, line);
  }
  return 'none' as const;
}
