import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { localServices } from '../services/local.ts';
import { execute, which } from '../services/machine/command.ts';
import { findJava } from '../services/machine/java.ts';
import { findPostgres } from '../services/postgres/postgres.ts';
import { type ServiceName, serviceNames, variableOf } from '../services/service.ts';
import { readState } from '../services/state.ts';
import { type OpsFlags, ops } from './ops.ts';

/** `ok`; `remark`: only some uses of Aorta need it; `wrong`: to be mended. */
export interface DoctorFinding {
  readonly state: 'ok' | 'remark' | 'wrong';
  readonly subject: string;
  readonly says: string;
}

/** All checks, at once; each ends within seconds. */
export async function examine(instance: OpsFlags): Promise<readonly DoctorFinding[]> {
  const checks: Promise<DoctorFinding | readonly DoctorFinding[]>[] = [
    node(),
    javaRuntime(),
    tool('Maven', 'mvn', 'maven'),
    tool('Redis', 'redis-server', 'redis-server'),
    postgres(),
    ...ports(),
    ...serviceNames.map(service),
    clock(),
    running(instance),
  ];
  return (await Promise.all(checks)).flat();
}

const finding = (state: DoctorFinding['state'], subject: string, says: string): DoctorFinding => ({ state, subject, says });

const alertAbove = 10;

/** What the running instance says that it needs of a person. */
async function running(flags: OpsFlags): Promise<readonly DoctorFinding[]> {
  let found: Attention;
  try {
    found = (await ops(flags, 'GET', '/api/ops/attention')) as Attention;
  } catch (thrown) {
    const none = (thrown as { code?: string }).code === 'AORTA_CLI_001';
    return [none ? finding('remark', 'instance', 'none runs here') : finding('wrong', 'instance', (thrown as Error).message)];
  }
  const { setAside, brakes, drift } = found;
  const parked = setAside.flows.reduce((sum, flow) => sum + flow.parked, 0);
  const dead = setAside.flows.reduce((sum, flow) => sum + flow.deadLettered, 0);
  const kinds = `${parked} parked, ${setAside.quarantined} quarantined, ${dead} dead letters`;
  const state = setAside.total > alertAbove ? 'wrong' : setAside.total > 0 ? 'remark' : 'ok';
  const days = (ms: number) => `${Math.round((ms / 86_400_000) * 10) / 10} days`;
  return [
    finding(state, 'set aside', `${kinds}${state === 'wrong' ? `: more than ${alertAbove} is the DLQ alert` : ''}`),
    ...brakes.map(({ flow, deadLetters }) =>
      finding('wrong', 'brake', `${flow} stands still after ${deadLetters} dead letters; \`aorta dlq release ${flow}\``),
    ),
    ...drift.map(({ topic, retentionMs, wantedMs, retentionBytes }) =>
      finding(
        'wrong',
        'retention',
        `${topic} is kept ${retentionMs === null ? 'for ever' : days(retentionMs)}${retentionBytes === undefined ? '' : `, at most ${retentionBytes} bytes a partition`}; it needs ${days(wantedMs)} without a limit in bytes`,
      ),
    ),
    ...(drift.length === 0 ? [finding('ok', 'retention', 'every topic keeps what it has to')] : []),
  ];
}

/** As it comes over HTTP: JSON has no Infinity. */
interface Attention {
  readonly setAside: {
    readonly total: number;
    readonly quarantined: number;
    readonly flows: readonly { readonly parked: number; readonly deadLettered: number }[];
  };
  readonly brakes: readonly { readonly flow: string; readonly deadLetters: number }[];
  readonly drift: readonly {
    readonly topic: string;
    readonly retentionMs: number | null;
    readonly wantedMs: number;
    readonly retentionBytes?: number;
  }[];
}

const forServices = 'needed for `aorta services up` and `npm test`, not for `aorta dev`';

async function node(): Promise<DoctorFinding> {
  const { engines } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')) as { engines: { node: string } };
  const least = Number(/\d+/.exec(engines.node)?.[0]);
  const good = Number(process.versions.node.split('.')[0]) >= least;
  return finding(good ? 'ok' : 'wrong', 'Node', `${process.version} at ${process.execPath}${good ? '' : `; needs ${engines.node}`}`);
}

async function javaRuntime(): Promise<DoctorFinding> {
  const path = findJava();
  if (path === undefined) return finding('remark', 'Java', `not found; ${forServices}`);
  // `-version` goes to stderr; `--version` (Java 9 and later) to stdout.
  const text = await execute(path, ['--version']).catch(() => '');
  const major = Number(/\b(\d+)[.\d]*/.exec(text)?.[1] ?? 0);
  return finding(major >= 17 ? 'ok' : 'wrong', 'Java', major >= 17 ? `${major} at ${path}` : `${path} is not Java 17 or later`);
}

async function tool(subject: string, command: string, debianPackage: string): Promise<DoctorFinding> {
  const path = which(command);
  if (path !== undefined) return finding('ok', subject, path);
  return finding('remark', subject, `${command} is not on PATH (Debian: ${debianPackage}); ${forServices}`);
}

async function postgres(): Promise<DoctorFinding> {
  const path = findPostgres();
  return path === undefined
    ? finding('remark', 'PostgreSQL', `not found (Debian: postgresql); ${forServices}`)
    : finding('ok', 'PostgreSQL', path);
}

function ports(): Promise<DoctorFinding>[] {
  return Object.entries({ HTTP: 4100, MLLP: 2575 }).map(async ([subject, port]) =>
    (await free(port))
      ? finding('ok', subject, `port ${port} is free`)
      : finding(
          'remark',
          subject,
          `port ${port} is taken (an Aorta that runs, perhaps); \`aorta dev\` can take another with --port and --mllp-port`,
        ),
  );
}

function free(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

async function service(name: ServiceName): Promise<DoctorFinding> {
  const given = process.env[variableOf[name]];
  const url = given !== undefined && given !== '' ? given : readState(name)?.url;
  if (url === undefined) return finding('remark', name, 'not started; `aorta services up` does');
  const problem = await localServices[name].check(url).then(
    () => undefined,
    (thrown: Error) => (thrown.cause instanceof Error ? thrown.cause.message : thrown.message),
  );
  if (problem === undefined) return finding('ok', name, given === url ? `answers (${variableOf[name]})` : 'answers');
  // What the environment names is meant to be there; local services may rest.
  return given === url ? finding('wrong', name, `${variableOf[name]}: ${problem}`) : finding('remark', name, `does not answer: ${problem}`);
}

const tolerableSkewMs = 5_000;

/** Against the registry's clock where one answers: timestamps of events and expiry of tokens depend on it. */
async function clock(): Promise<DoctorFinding> {
  const registry = process.env['SCHEMA_REGISTRY_URL'] ?? readState('registry')?.url;
  const remote = registry === undefined ? undefined : await dateOf(registry);
  if (remote !== undefined) {
    // The Date header has whole seconds.
    const skew = Math.max(0, Math.abs(Date.now() - remote) - 1_000);
    return finding(skew <= tolerableSkewMs ? 'ok' : 'wrong', 'clock', `${(skew / 1000).toFixed(0)} s from the registry's`);
  }
  const synchronised = await execute('timedatectl', ['show', '--property=NTPSynchronized', '--value']).catch(() => '');
  if (synchronised.trim() === 'no') return finding('remark', 'clock', 'not synchronised (timedatectl)');
  return finding('ok', 'clock', synchronised.trim() === 'yes' ? 'synchronised' : 'nothing to compare it with');
}

async function dateOf(url: string): Promise<number | undefined> {
  try {
    const { origin } = new URL(url);
    const date = (await fetch(origin, { signal: AbortSignal.timeout(2_000) })).headers.get('date');
    return date === null ? undefined : Date.parse(date);
  } catch {
    return undefined;
  }
}
