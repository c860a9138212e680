import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSqliteAdvice } from '../advice/sqlite/advice.ts';
import { createFileBlob } from '../blob/file/index.ts';
import { createFileAudit } from '../governance/audit/file/index.ts';
import { createSqliteIdentity } from '../identity/sqlite/identity.ts';
import { createSqliteJobs } from '../jobs/sqlite/jobs.ts';
import { createMemoryKeyed } from '../keyed/memory/index.ts';
import { createSqliteLog } from '../log/sqlite/log.ts';
import { createSqliteQuarantine } from '../quarantine/sqlite/quarantine.ts';
import { embeddedRegistry } from '../schema/embedded/registry.ts';
import { openDatabase } from '../sqlite/database.ts';
import { createSqliteState } from '../state/sqlite/state.ts';
import { bucketTable } from './bucket-table.ts';
import { instanceName } from './instance.ts';
import { Opened, type Profile, type ProfileOptions } from './profile.ts';
import { schemaTable } from './schema-table.ts';

/** The default profile: one process, one SQLite file, nothing to install. */
export async function openEmbedded({ data, clock, telemetry }: ProfileOptions): Promise<Profile> {
  const opened = new Opened();
  try {
    const database = opened.add(openDatabase({ dir: data, clock, telemetry }));
    const log = opened.add(createSqliteLog({ database, clock, telemetry }));
    const state = opened.add(createSqliteState({ database }));
    const identity = opened.add(createSqliteIdentity({ database }));
    const quarantine = opened.add(createSqliteQuarantine({ database }));
    const advice = opened.add(createSqliteAdvice({ database }));
    const jobs = opened.add(createSqliteJobs({ database }));
    const registry = opened.add(await embeddedRegistry(schemaTable(database)));
    const blob = opened.add(await createFileBlob({ dir: join(data, 'blobs'), clock }));
    const audit = opened.add(await createFileAudit({ dir: join(data, 'audit'), clock, key: await auditKey(data) }));
    const keyed = opened.add(await createMemoryKeyed({ clock, telemetry, storage: bucketTable(database) }));
    await state.migrate();
    return {
      kind: 'embedded',
      clock,
      log,
      state,
      registry,
      identity,
      blob,
      quarantine,
      audit,
      advice,
      jobs,
      keyed,
      instance: instanceName(data),
      close: () => opened.close(),
    };
  } catch (thrown) {
    await opened.close();
    throw thrown;
  }
}

/** The audit chain's key: made once, readable by the owner only. */
export async function auditKey(data: string): Promise<Buffer> {
  const dir = join(data, 'secrets');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'audit-key');
  try {
    return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
  const key = randomBytes(32);
  writeFileSync(file, `${key.toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  return key;
}
