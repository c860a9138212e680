import type { KeyObject } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { AuditVerdict } from '../port.ts';
import { readCheckpoint } from './checkpoint.ts';
import { type Link, readRecord, start } from './record.ts';
import { lines, segments } from './segments.ts';

/**
 * Reads the whole chain and names the first sequence number that does not fit: an altered byte, a removed, repeated or
 * reordered record, a chain rebuilt without the key, an end that is not the checkpoint's. Only reads. A last line
 * without its line break is a write that nobody was told of, and counts for nothing.
 */
export async function verifyChain(dir: string, checkpoint: string, key: KeyObject): Promise<AuditVerdict> {
  // Read first: while others append, the chain may only be ahead of it.
  const known = await readCheckpoint(checkpoint, key);
  const paths = await segments(dir);
  let last: Link = start;
  let records = 0;
  const broken = (seq: number, problem: string): AuditVerdict => ({ intact: false, records, brokenAt: seq, problem });

  for (const [index, path] of paths.entries()) {
    for await (const { line, whole } of lines(path)) {
      const expected = last.seq + 1;
      if (!whole) {
        if (index === paths.length - 1) break;
        return broken(expected, 'a line is cut off');
      }
      const record = readRecord(key, line);
      if (!record) return broken(expected, 'a line is not a record');
      if (record.seq !== expected)
        return broken(expected, record.seq > expected ? 'records are missing' : 'a record is repeated or out of order');
      if (!record.genuine) return broken(expected, 'a record was altered or written without the key');
      if (record.prev !== last.mac) return broken(expected, 'a record does not follow the one before it');
      if (known?.seq === record.seq && known.mac !== record.mac) return broken(expected, 'the record is not the one of the checkpoint');
      last = record;
      records++;
      if (records % 2000 === 0) await setImmediate();
    }
  }
  if (known === undefined) {
    return records === 0 && paths.length === 0
      ? { intact: true, records }
      : broken(last.seq + 1, 'the checkpoint is missing or not genuine');
  }
  if (known.seq > last.seq) return broken(last.seq + 1, 'the end is missing: the checkpoint is further');
  return { intact: true, records };
}
