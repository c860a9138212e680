import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { ServiceName } from '../../src/services/service.ts';

const root = join(import.meta.dirname, '../..');

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
}

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryGb: Number((totalmem() / 2 ** 30).toFixed(1)),
  kernel: release(),
});

/** Of one, five and fifteen minutes. */
export const load = (): readonly number[] => loadavg().map((value) => Number(value.toFixed(2)));

/** The commit that was measured; `dirty`: files differ from it. */
export function commit(): { readonly id: string; readonly dirty: boolean } | null {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return { id: git('rev-parse', '--short=12', 'HEAD'), dirty: git('status', '--porcelain', '--untracked-files=no') !== '' };
  } catch {
    // An archive of the sources, or a machine without Git.
    return null;
  }
}

/** The first version after a name in one of our service files: they pin what is started here. */
const pinned = (file: string, pattern: RegExp): string =>
  pattern.exec(readFileSync(join(root, 'src/services', file), 'utf8'))?.[1] ?? 'unknown';

/** Versions of the services (none were needed: of node only): of what is started here by its pin, of what was given by asking it where it answers. */
export async function serviceVersions(
  up: Readonly<Partial<Record<ServiceName, { readonly where: string }>>>,
): Promise<Readonly<Record<string, string>>> {
  const own = (name: ServiceName, version: () => string): string =>
    up[name]?.where === 'local' ? version() : `given by the environment (${up[name]?.where})`;
  if (!process.env['DATABASE_URL']) return { node: process.version };
  return {
    node: process.version,
    kafka: own('kafka', () => pinned('kafka/pom.xml', /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>([\d.]+)</)),
    registry: own('registry', () => pinned('registry/registry.ts', /apicurio-registry-app-(\d[\d.]*\d)-/)),
    postgres: await postgres(),
  };
}

/** With what decides how much a commit costs. */
async function postgres(): Promise<string> {
  const client = new pg.Client({ connectionString: process.env['DATABASE_URL'] ?? '' });
  await client.connect();
  try {
    const text = `select current_setting('server_version') as version, current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`;
    const { rows } = await client.query<{ version: string; fsync: string; commit: string }>(text);
    const [row] = rows;
    return row ? `${row.version} (fsync ${row.fsync}, synchronous_commit ${row.commit})` : 'unknown';
  } finally {
    await client.end();
  }
}
