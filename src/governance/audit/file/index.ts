import { type FileHandle, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../clock/clock.ts';
import { systemClock } from '../../../clock/system.ts';
import { AortaError, error } from '../../../errors/index.ts';
import { lockDirectory } from '../../../sqlite/lock.ts';
import type { Audit, AuditEvent, AuditVerdict } from '../port.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { type End, findEnd } from './end.ts';
import { auditKey, start, writeRecord } from './record.ts';
import { createSegment } from './segments.ts';
import { verifyChain } from './verify.ts';

export interface FileAuditOptions {
  /** Holds the segments; made if missing, for the owner only. */
  readonly dir: string;
  /** At least 32 characters, from Secrets. */
  readonly key: string | Buffer;
  /** Better on another disk. @default `<dir>/checkpoint` */
  readonly checkpoint?: string;
  readonly clock?: Clock;
  /** Bytes after which the next segment begins. @default 64 MiB */
  readonly segmentBytes?: number;
  /** Records that may wait for the disk. @default 10000 */
  readonly maxWaiting?: number;
}

interface Waiting {
  readonly event: AuditEvent;
  resolve(): void;
  reject(reason: Error): void;
}

/**
 * Port Audit on append-only files (JSON Lines; `record.ts` has the chain).
 *
 * - Records that wait while one write is being synced go together with the next: one fsync for many callers.
 * - A record that may wait (`withinMs`) begins no write by itself until then, and goes with the next one before.
 * - `append` resolves after fsync. When the disk fails, everything that waits rejects (AORTA_AUDIT_002), the file is
 *   cut back to the last synced record, and the next append tries again.
 * - One writer a directory (a file lock that ends with the process): chains cannot fork.
 * - A restart goes on behind the last record. A torn last line (kill -9, power) is cut off and recorded as `repair`.
 *   If the checkpoint is further than the chain, or gone, records were removed: a record `gap` goes on behind a hole in
 *   the sequence, which stays visible for ever and which `verify` names.
 */
export async function createFileAudit(options: FileAuditOptions): Promise<Audit> {
  const { dir, clock = systemClock, segmentBytes = 64 * 1024 * 1024, maxWaiting = 10_000 } = options;
  const checkpointPath = options.checkpoint ?? join(dir, 'checkpoint');
  const key = auditKey(options.key);
  await guarded(() => mkdir(dir, { recursive: true, mode: 0o700 }));
  const lock = lockDirectory(dir);
  let end: End;
  let checkpoint: Checkpoint;
  try {
    end = await guarded(() => findEnd(dir, checkpointPath, key));
    checkpoint = await guarded(() => openCheckpoint(checkpointPath, key));
    // From now on a missing checkpoint means that someone removed it.
    if (end.last.seq === 0) await guarded(() => checkpoint.write(start));
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
  let { file, size, last } = end;
  let waiting: Waiting[] = [];
  let flushing: Promise<void> | undefined;
  /** Until records that may wait are written. */
  let cancelWait: (() => void) | undefined;
  let urgent = false;
  let closed = false;

  const store = async (batch: readonly Waiting[]): Promise<void> => {
    if (size >= segmentBytes) {
      const next = await createSegment(dir, last.seq + 1);
      await file.close();
      await checkpoint.sync();
      [file, size] = [next, 0];
    }
    let link = last;
    const texts = batch.map(({ event }) => {
      const record = writeRecord(key, link, event);
      link = record.link;
      return record.text;
    });
    const bytes = Buffer.from(texts.join(''));
    try {
      await writeAll(file, bytes, size);
      await file.datasync();
    } catch (thrown) {
      await file.truncate(size).catch(() => {});
      throw thrown;
    }
    size += bytes.length;
    last = link;
    await checkpoint.write(link);
  };

  const stopWait = () => {
    cancelWait?.();
    cancelWait = undefined;
  };
  const flush = async (): Promise<void> => {
    while (urgent) {
      const batch = waiting;
      // Whoever waits from now on needs a timer of its own: one that stayed would be taken for it.
      stopWait();
      waiting = [];
      urgent = false;
      try {
        await guarded(() => store(batch));
        for (const { resolve } of batch) resolve();
      } catch (thrown) {
        for (const { reject } of batch) reject(thrown as Error);
      }
    }
    flushing = undefined;
  };
  const hurry = () => {
    if (waiting.length === 0) return;
    stopWait();
    urgent = true;
    flushing ??= Promise.resolve().then(flush);
  };

  const append = (event: AuditEvent, withinMs = 0): Promise<void> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(error('AORTA_AUDIT_002', { problem: 'it is closed' }));
      if (waiting.length >= maxWaiting) return reject(error('AORTA_AUDIT_003', { limit: maxWaiting }));
      waiting.push({ event, resolve, reject });
      if (withinMs <= 0) hurry();
      else
        cancelWait ??= clock.after(withinMs, () => {
          cancelWait = undefined;
          hurry();
        });
    });

  const system = { at: clock.now(), actor: 'aorta', target: 'audit', outcome: 'failure' } as const;
  if (end.torn > 0) await append({ ...system, action: 'repair', details: { bytes: end.torn } });
  if (end.missing) await append({ ...system, action: 'gap', details: end.missing });

  return {
    append,
    hurry,
    async verify() {
      hurry();
      await flushing;
      return guarded(() => verifyChain(dir, checkpointPath, key));
    },
    async close() {
      if (closed) return;
      closed = true;
      hurry();
      await flushing;
      await guarded(async () => {
        await checkpoint.sync();
        await checkpoint.close();
        await file.close();
      }).finally(() => lock.release());
    },
  };
}

/** For `aorta audit verify`: needs no lock and writes nothing, also beside a running instance. */
export function verifyAudit({ dir, key, checkpoint }: Pick<FileAuditOptions, 'dir' | 'key' | 'checkpoint'>): Promise<AuditVerdict> {
  return guarded(() => verifyChain(dir, checkpoint ?? join(dir, 'checkpoint'), auditKey(key)));
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof AortaError) throw thrown;
    throw error('AORTA_AUDIT_002', { problem: (thrown as NodeJS.ErrnoException).code ?? 'unknown' });
  }
}
