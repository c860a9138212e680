/**
 * Acknowledged messages a second over MLLP: the product as users run it, and other listeners that do the durable part of the
 * same work (in Kafka with acks=all before the AA). Each round is a process and a Kafka of its own; what was acknowledged is
 * read back. 50 connections, each with so many messages unanswered; A01, A02 and so on of 1,000 patients.
 *
 *   node benchmarks/mllp/rate.ts [--peers aorta,aorta-embedded,aorta-ingress,medplum,node-hl7-server,hapi] [--in-flight 1,2,8] [--rounds 3]
 *                                [--seconds 20] [--warm-up 3] [--connections 50] [--prof DIR] [--json]
 *
 * Registry and PostgreSQL are those of the environment (`aorta services env`).
 */
import { parseArgs } from 'node:util';
import type { Listener } from './listener.ts';
import { mllpReport, mllpTable } from './report.ts';
import { type Contestant, mllpRound, type RoundResult } from './round.ts';

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: 'aorta,aorta-embedded,medplum,node-hl7-server,hapi' },
    'in-flight': { type: 'string', default: '1' },
    rounds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '3' },
    connections: { type: 'string', default: '50' },
    prof: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, seconds, warmUp, connections] = [values.rounds, values.seconds, values['warm-up'], values.connections].map(Number) as [
  number,
  number,
  number,
  number,
];
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function contestantOf(name: string): Promise<Contestant> {
  if (name === 'aorta') return { profile: 'kafka', flows: true };
  if (name === 'aorta-embedded') return { profile: 'embedded', flows: true };
  // What of the distance to the peers is the flows' work on the same cores.
  if (name === 'aorta-ingress') return { profile: 'kafka', flows: false };
  const { listener } = (await import(`../peers/mllp/${name}.ts`)) as { listener: Listener };
  return { listener };
}

// An interrupt ends the round that is under way; what belongs to it (broker, product) goes first.
const interrupt = Promise.withResolvers<never>();
interrupt.promise.catch(() => undefined);
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true;
  process.exitCode = 130;
  interrupt.reject(new Error('the run was interrupted'));
});

const contestants = new Map<string, Contestant>();
const missing: Record<string, string> = {};
for (const name of values.peers.split(',')) {
  const contestant = await contestantOf(name);
  const reason = 'listener' in contestant ? await contestant.listener.available?.() : undefined;
  if (reason === undefined) contestants.set(name, contestant);
  else missing[name] = reason;
}

for (const inFlight of values['in-flight'].split(',').map(Number)) {
  const results = new Map<string, RoundResult[]>();
  const absent = { ...missing };
  const able = [...contestants].filter(([name, contestant]) => {
    if (inFlight === 1 || !('listener' in contestant) || !contestant.listener.oneMessage) return true;
    absent[name] = 'a connection of it carries one message only';
    return false;
  });
  for (let round = 0; round < rounds; round++) {
    // Another one begins each round.
    for (const [name, contestant] of able.map((_, i) => able[(i + round) % able.length] as (typeof able)[number])) {
      if (absent[name] !== undefined || interrupted) continue;
      try {
        const nodeOptions = values.prof && name.startsWith('aorta') ? ['--cpu-prof', '--cpu-prof-dir', `${values.prof}/${name}`] : [];
        const result = await mllpRound(contestant, { connections, inFlight, warmUp, seconds, nodeOptions }, interrupt.promise);
        results.set(name, [...(results.get(name) ?? []), result]);
        say(
          `${inFlight} unanswered, round ${round + 1}/${rounds}  ${name.padEnd(16)} ${Math.round(result.acknowledgedPerSecond).toLocaleString('en')}/s`,
        );
      } catch (cause) {
        // One that fails is measured no further; the others are.
        absent[name] = `failed: ${cause instanceof Error ? cause.message : String(cause)}`;
        results.delete(name);
        say(`${name} ${absent[name]}`);
        process.exitCode = 1;
      }
    }
  }
  if (interrupted) break;
  const report = mllpReport(inFlight, connections, results, absent);
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `\n${mllpTable(report)}\n`);
  const product = Object.entries(report.contestants).filter(([name]) => name.startsWith('aorta'));
  if (product.some(([, { readBack }]) => readBack.missing + readBack.outOfOrder + readBack.duplicates > 0)) process.exitCode = 3;
}
