import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execute, need, which } from '../machine/command.ts';
import { freePort } from '../machine/port.ts';
import { launch } from '../machine/process.ts';
import type { LocalService, StartContext, Started } from '../service.ts';
import { checkPostgres } from './check.ts';

const user = 'aorta';

/** The system's PostgreSQL binaries on a data directory of our own; trusts loopback, so the URL carries no password. */
export const postgres: LocalService = {
  name: 'postgres',
  stopSignal: 'SIGINT',
  check: checkPostgres,
  async start(context: StartContext): Promise<Started> {
    const bin = dirname(await need('PostgreSQL server', 'postgresql', findPostgres, context.say));
    const account = unprivileged();
    const home = reachable(context.dir, account);
    const data = join(home, 'data');
    const port = await freePort(context.ports['postgres']);
    own(home, account);
    if (!existsSync(join(data, 'PG_VERSION'))) await createCluster(bin, home, data, account, context.say);
    context.say('starting');
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '200',
      fsync: 'on',
      synchronous_commit: 'on',
      log_min_messages: 'warning',
    };
    const mark = await launch({
      command: join(bin, 'postgres'),
      args: ['-D', data, '-p', String(port), ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      cwd: home,
      logFile: join(context.dir, 'log'),
      ...account,
    });
    const outside = home === context.dir ? {} : { outside: home };
    return { url: `postgres://${user}@127.0.0.1:${port}/${user}`, ports: { postgres: port }, ...outside, ...mark };
  },
};

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root: then it runs as Debian's `postgres` user, else as `nobody`. */
function unprivileged(): Account {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = accounts.find((fields) => fields[0] === 'postgres') ?? accounts.find((fields) => fields[0] === 'nobody');
  return { uid: Number(found?.[2] ?? 65_534), gid: Number(found?.[3] ?? 65_534) };
}

/** A clone under /root or a private temporary folder is closed to that user: the data then goes to the system's temporary folder. */
function reachable(dir: string, account: Account): string {
  if (account.uid === undefined) return dir;
  for (let path = dirname(dir); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) break;
    if (path === dirname(path)) return dir;
  }
  return join(tmpdir(), `aorta-postgres-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`);
}

function own(home: string, account: Account): void {
  mkdirSync(home, { recursive: true });
  if (account.uid === undefined || account.gid === undefined) return;
  chmodSync(home, 0o755);
  chownSync(home, account.uid, account.gid);
}

async function createCluster(bin: string, home: string, data: string, account: Account, say: (line: string) => void): Promise<void> {
  say('creating the data directory');
  rmSync(data, { recursive: true, force: true });
  const options = { cwd: home, ...account };
  await execute(join(bin, 'initdb'), ['-D', data, '-U', user, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], options);
  // Single-user mode: the database exists before the first client can connect.
  await execute(join(bin, 'postgres'), ['--single', '-D', data, 'postgres'], options, `CREATE DATABASE ${user}\n`);
}

export function findPostgres(): string | undefined {
  const roots = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt'].filter((root) => existsSync(root));
  const bins = roots.flatMap((root) => readdirSync(root).map((entry) => join(root, entry, 'bin', 'postgres')));
  const newest = bins.filter((path) => existsSync(path)).sort((a, b) => version(b) - version(a));
  return newest[0] ?? which('postgres');
}

function version(path: string): number {
  return Number(/(\d+)\/bin/.exec(path)?.[1] ?? 0);
}
