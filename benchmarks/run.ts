/** `npm run bench -- <workload>`: see `usage` in options.ts, and docs/performance.md for the method. */
import { randomBytes } from 'node:crypto';
import { hl7AdtSchema } from '../schemas/generated/hl7-adt.ts';
import { AortaError, error } from '../src/errors/index.ts';
import { confluentRegistry } from '../src/schema/confluent/registry.ts';
import { subjectOf } from '../src/schema/subject.ts';
import { servicesDown } from '../src/services/down.ts';
import { type ServiceName, variableOf } from '../src/services/service.ts';
import { servicesUp } from '../src/services/up.ts';
import { freshDatabase } from '../test/support/services.ts';
import { backlogRound } from './backlog-round.ts';
import { Cluster } from './cluster.ts';
import { type BenchOptions, benchOptions, usage } from './options.ts';
import { rateRound } from './rate-round.ts';
import { type PeerResults, report, table } from './report.ts';
import type { Task } from './task.ts';
import { verify } from './verify.ts';
import { type Workload, workloads } from './workload.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const run = `bench-${randomBytes(4).toString('hex')}`;
const started: ServiceName[] = [];

async function bench(options: BenchOptions): Promise<void> {
  const workload = workloads[options.workload];
  if (!workload)
    throw error('AORTA_CFG_001', { problem: `there is no workload ${options.workload}; there are ${Object.keys(workloads).join(', ')}` });
  const unknown = options.peers.find((name) => !workload.peers.includes(name));
  if (unknown)
    throw error('AORTA_CFG_001', { problem: `${unknown} is no peer of ${workload.name}; its peers are ${workload.peers.join(', ')}` });
  const up = await servicesUp({ say: (name, line) => say(`${name.padEnd(9)} ${line}`), onStarted: (name) => started.push(name) });
  for (const [name, { url }] of Object.entries(up)) process.env[variableOf[name as ServiceName]] = url;
  const peers = ['aorta', ...(options.peers.length > 0 ? workload.peers.filter((name) => options.peers.includes(name)) : workload.peers)];
  const results = await measured(workload, peers, options);
  const outcome = report(workload.name, results);
  if (!options.json) process.stdout.write(`\n${workload.name}: ${workload.what}\n\n${table(outcome)}\n`);
  process.stdout.write(`${options.json ? '' : '\n'}${JSON.stringify(outcome)}\n`);
  if (Object.values(outcome.peers).some(({ verified }) => verified.outOfOrder + verified.missing > 0)) process.exitCode = 3;
}

async function measured(workload: Workload, peers: readonly string[], options: BenchOptions): Promise<ReadonlyMap<string, PeerResults>> {
  const brokers = (process.env['KAFKA_BROKERS'] ?? '').split(',');
  const registryUrl = process.env['SCHEMA_REGISTRY_URL'] ?? '';
  const messages = options.messages || workload.messages;
  const rate = options.rate < 0 ? workload.rate : options.rate;
  const cluster = new Cluster(brokers);
  const database = await freshDatabase('bench');
  const subjects: string[] = [];
  const results = new Map<string, PeerResults>(peers.map((name) => [name, { backlog: [], rate: [], findings: [] }]));
  await cluster.connect();
  try {
    const input = `${run}.in`;
    const schemaId = await schemaOf(registryUrl, input);
    subjects.push(input);
    await cluster.create(input, workload.partitions);
    say(`${messages.toLocaleString('en')} events into ${workload.partitions} partitions`);
    await cluster.fill(input, messages, workload.patients, schemaId);

    const taskOf = async (peer: string, purpose: string, from: string): Promise<Task> => {
      const name = `${run}-${purpose}-${peer}`;
      const output = `${name}.out`;
      await cluster.create(output, workload.partitions);
      subjects.push(output);
      return {
        workload: workload.name,
        peer,
        brokers,
        registryUrl,
        databaseUrl: database.url,
        name,
        input: from,
        output,
        partitions: workload.partitions,
        patients: workload.patients,
        callMs: workload.callMs,
      };
    };
    const finish = (task: Task) => cluster.remove(task.output, `${task.name}.parked`, `${task.name}.dlq`);

    for (let round = 0; round < options.rounds; round++) {
      // Another one begins each round, so that no peer always has the broker's warm or cold moments.
      for (const peer of rotated(peers, round)) {
        const task = await taskOf(peer, `r${round}`, input);
        const result = await backlogRound(cluster, task, messages, options.duration);
        const findings = await verify(cluster, task.output, result.complete ? messages : 0);
        results.get(peer)?.backlog.push(result);
        results.get(peer)?.findings.push(findings);
        await finish(task);
        say(
          `round ${round + 1}/${options.rounds}  ${peer.padEnd(8)} ${Math.round(result.msgsPerSecond).toLocaleString('en').padStart(8)}/s  ${result.cpuSecondsPerMillion.toFixed(1)} CPU s/million  ${result.peakRssMb.toFixed(0)} MB${result.complete ? '' : '  (time was up)'}`,
        );
      }
    }
    for (const peer of peers) {
      const slowest = Math.min(...(results.get(peer)?.backlog.map((r) => r.msgsPerSecond) ?? []));
      // Beyond what a peer can do, latency only measures how long the round was.
      if (rate === 0 || slowest < rate * 1.2) continue;
      for (let round = 0; round < options.rounds; round++) {
        const from = `${run}-l${round}-${peer}.in`;
        await cluster.create(from, workload.partitions);
        subjects.push(from);
        const task = await taskOf(peer, `l${round}`, from);
        const result = await rateRound(cluster, task, rate, Math.min(options.duration, 5), schemaId);
        results.get(peer)?.rate.push(result);
        results.get(peer)?.findings.push(await verify(cluster, task.output));
        await finish(task);
        await cluster.remove(from);
        say(
          `latency at ${rate}/s  ${peer.padEnd(8)} p50 ${result.p50Ms.toFixed(1)} ms  p99 ${result.p99Ms.toFixed(1)} ms  max ${result.maxMs.toFixed(0)} ms  (generator p99 ${result.generatorP99Ms.toFixed(1)} ms${result.late ? `, ${result.late} late` : ''})`,
        );
      }
    }
  } finally {
    await cluster.close();
    await database.drop();
    await Promise.all(
      subjects.map((topic) => fetch(`${registryUrl}/subjects/${subjectOf(topic)}`, { method: 'DELETE' }).catch(() => undefined)),
    );
  }
  return results;
}

async function schemaOf(url: string, topic: string): Promise<number> {
  const registry = await confluentRegistry({ url });
  try {
    return await registry.register(subjectOf(topic), hl7AdtSchema);
  } finally {
    await registry.close();
  }
}

const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, i) => list[(i + by) % list.length] as T);

try {
  const options = benchOptions(process.argv.slice(2));
  if (!options) process.stdout.write(usage);
  else await bench(options);
} catch (thrown) {
  say(`aorta: ${thrown instanceof AortaError ? thrown.message : String((thrown as Error).stack)}`);
  process.exitCode = 1;
} finally {
  if (started.length > 0) await servicesDown({ only: started });
}
