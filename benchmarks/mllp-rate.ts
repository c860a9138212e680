/**
 * Acknowledged messages a second over MLLP, on the product as users run it: a process of its own, 50 connections, each
 * with one message unanswered at a time (`--in-flight` for more), A01 and A02 of 1,000 patients.
 *
 *   node benchmarks/mllp-rate.ts [--profile embedded|kafka|both] [--seconds 20] [--connections 50] [--in-flight 1] [--prof DIR] [--json]
 *
 * The kafka profile uses the services of the environment for registry and PostgreSQL (`aorta services env`), a database
 * of its own, and a Kafka of its own.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { createMllpClient } from '../src/sandbox/mllp-client.ts';
import { chance } from '../test/fault/support/chance.ts';
import { type Adt, hospital } from '../test/fault/support/hospital.ts';
import { settled } from '../test/fault/support/oracle.ts';
import type { Product } from '../test/fault/support/product.ts';
import { site } from '../test/fault/support/site.ts';

const { values } = parseArgs({
  options: {
    profile: { type: 'string', default: 'both' },
    seconds: { type: 'string', default: '20' },
    connections: { type: 'string', default: '50' },
    'in-flight': { type: 'string', default: '1' },
    prof: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const inFlight = Number(values['in-flight']);
const warmUp = 3;

interface Figures {
  readonly acknowledgedPerSecond: number;
  /** Messages in the timeline, while they are sent. */
  readonly appliedPerSecond: number;
  /** The backlog that was left, once nobody sends. */
  readonly drainedPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly cpuSecondsPerMillion: number;
  readonly rssMb: number;
  readonly refused: number;
}

const profiles = values.profile === 'both' ? (['embedded', 'kafka'] as const) : [values.profile as 'embedded' | 'kafka'];
const results: Record<string, Figures> = {};
for (const profile of profiles) {
  const here = await site(profile);
  try {
    const product = await here.worker({
      nodeOptions: values.prof ? ['--cpu-prof', '--cpu-prof-dir', `${values.prof}/${profile}`] : [],
    });
    results[profile] = await measure(product);
    product.kill('SIGTERM');
    await product.exited;
  } finally {
    await here.close();
  }
}
process.stdout.write(values.json ? `${JSON.stringify({ workload: 'mllp-rate', connections, inFlight, profiles: results })}\n` : table());

async function measure(product: Product): Promise<Figures> {
  const patients = hospital(chance(1), 1_000, 60);
  const turns: Adt[][] = Array.from({ length: connections }, () => []);
  for (let n = 0; n < 60; n++) for (const [p, patient] of patients.entries()) turns[p % connections]?.push(patient.messages[n] as Adt);
  const times: number[] = [];
  let counting = false;
  let stopping = false;
  let acknowledged = 0;
  let refused = 0;
  const senders = turns.map(async (queue, n) => {
    const client = createMllpClient({ host: '127.0.0.1', port: product.mllpPort, inFlight });
    let next = 0;
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        // One after the other; a sender that has sent all begins again with new control ids.
        while (!stopping) {
          const at = next++;
          const message = queue[at % queue.length] as Adt;
          const again = Math.floor(at / queue.length);
          const bytes =
            again === 0
              ? message.bytes
              : Buffer.from(message.bytes.toString().replace(message.controlId, `${message.controlId}-${again}-${n}`));
          const begun = performance.now();
          const { code } = await client.send(bytes);
          if (!counting) continue;
          if (code === 'AA') acknowledged++;
          else refused++;
          times.push(performance.now() - begun);
        }
      }),
    );
    await client.close();
  });
  const wait = (s: number) => new Promise((resolve) => setTimeout(resolve, s * 1000));
  await wait(warmUp);
  const cpuBefore = cpuSeconds(product.pid);
  const appliedBefore = await product.metric('aorta_flow_settled_total', { settlement: 'done' });
  const begun = performance.now();
  counting = true;
  await wait(seconds);
  counting = false;
  const took = (performance.now() - begun) / 1000;
  const applied = (await product.metric('aorta_flow_settled_total', { settlement: 'done' })) - appliedBefore;
  const cpu = cpuSeconds(product.pid) - cpuBefore;
  stopping = true;
  await Promise.all(senders);
  const rssMb = Math.round(Number(/VmHWM:\s+(\d+)/.exec(execFileSync('cat', [`/proc/${product.pid}/status`]).toString())?.[1]) / 1024);
  const left = await product.metric('aorta_flow_lag_records');
  const draining = performance.now();
  await settled([product], 300_000);
  const drainedPerSecond = Math.round(left / ((performance.now() - draining) / 1000));
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round((times[Math.floor((times.length - 1) * share)] ?? 0) * 10) / 10;
  return {
    acknowledgedPerSecond: Math.round(acknowledged / took),
    appliedPerSecond: Math.round(applied / took),
    drainedPerSecond,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    cpuSecondsPerMillion: Math.round((cpu / acknowledged) * 1e6),
    rssMb,
    refused,
  };
}

/** User and system time of the process, all its threads. */
function cpuSeconds(pid: number): number {
  const stat = execFileSync('cat', [`/proc/${pid}/stat`]).toString();
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function table(): string {
  const names = Object.keys(Object.values(results)[0] ?? {}) as (keyof Figures)[];
  return names
    .map((name) => `${name.padEnd(24)}${profiles.map((profile) => String(results[profile]?.[name]).padStart(12)).join('')}\n`)
    .join('');
}
