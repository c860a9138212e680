/**
 * The load of a rate round, in a process of its own: nothing that the runner does makes it late. Open loop: the schedule is
 * made in advance and waits for nobody.
 *
 *   node generator.ts '<plan as JSON>'   says `ready`, then `done <result as JSON>` or `failed <reason>`
 */
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Append } from '../../src/log/port.ts';
import { encoded, histogram, record } from '../report/histogram.ts';
import { logOf } from '../runner/log.ts';
import { monotonic } from '../runner/monotonic.ts';
import { encode, eventOf, keyOf } from '../work/event.ts';

export interface Plan {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly schemaId: number;
  readonly patients: number;
  readonly rate: number;
  readonly total: number;
  /** Events of the topic that were written before: patients and their numbers go on from there. @default 0 */
  readonly written?: number;
  /** Lateness counts from here on. */
  readonly warmupMs: number;
}

/** Histograms in microseconds, and what the system gave. */
export interface Generated {
  /** How late the events were handed to the client. */
  readonly lateness: string;
  /** From the intended time to the broker's acknowledgement: what the input itself took of the latency. */
  readonly acknowledged: string;
  /** Nice value that its threads run at. */
  readonly priority: number;
}

const tickMs = 1;

const plan = JSON.parse(process.argv[2] ?? '') as Plan;
const { written = 0 } = plan;
// For one topic that will be removed: a shared client would go on asking for it.
const log = logOf(plan.brokers, 'aorta-bench-load');

const priority = raised();

/** A schedule that waits behind the peer for a core measures the scheduler of the system. A value is that of one thread. */
function raised(): number {
  try {
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), -10);
  } catch {
    // Not allowed to: then lateness tells.
  }
  return getPriority();
}

async function generate(started: number): Promise<Generated> {
  const lateness = histogram();
  const acknowledged = histogram();
  const intendedOf = (n: number): number => started + (n * 1000) / plan.rate;
  const underWay = new Set<Promise<void>>();
  let failed: unknown;
  let sent = 0;
  while (sent < plan.total) {
    const due = Math.min(plan.total, Math.floor(((monotonic() - started) / 1000) * plan.rate) + 1);
    if (due > sent) {
      const events: Append[] = [];
      const first = sent;
      for (; sent < due; sent++) {
        const intended = intendedOf(sent);
        const n = written + sent;
        const patient = n % plan.patients;
        const event = eventOf(patient, Math.floor(n / plan.patients), intended, Date.now());
        events.push({ topic: plan.topic, key: keyOf(patient), value: encode(event, plan.schemaId) });
        if (intended - started >= plan.warmupMs) record(lateness, monotonic() - intended);
      }
      // Not awaited: the schedule goes on whatever the broker does.
      const send = log
        .append(events)
        .then(() => {
          const at = monotonic();
          for (let n = first; n < first + events.length; n++) {
            const intended = intendedOf(n);
            if (intended - started >= plan.warmupMs) record(acknowledged, at - intended);
          }
        })
        .catch((cause: unknown) => {
          failed ??= cause;
        })
        .finally(() => underWay.delete(send));
      underWay.add(send);
    }
    if (failed) throw failed;
    await sleep(tickMs);
  }
  await Promise.all(underWay);
  if (failed) throw failed;
  await log.close();
  return { lateness: encoded(lateness), acknowledged: encoded(acknowledged), priority };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
await log.partitions(plan.topic);
process.stdin.setEncoding('utf8');
// `start <time on the monotonic clock>`; the end of the input: the runner is gone.
process.stdin.on('end', () => process.exit(1));
process.stdin.on('data', (text) => {
  generate(Number(String(text).trim().split(' ')[1])).then(
    (result) => {
      say(`done ${JSON.stringify(result)}`);
      process.exit(0);
    },
    (cause) => {
      say(`failed ${String(cause)}`);
      process.exit(1);
    },
  );
});
say('ready');
