import { type PrivateService, privateKafka } from '../../test/fault/support/private-services.ts';
import type { Findings } from '../load/order-check.ts';
import { Cluster } from '../runner/cluster.ts';
import { aorta } from './aorta.ts';
import type { Listener, RunningListener } from './listener.ts';
import { listenerProcess } from './process.ts';
import { readBack } from './read-back.ts';
import { type Sent, send } from './senders.ts';

export interface RoundResult extends Omit<Sent, 'accepted'> {
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMb: number;
  /** Null where the log cannot be read from outside: the embedded profile. */
  readonly findings: Findings | null;
  readonly figures: Readonly<Record<string, number>>;
}

export interface RoundOptions {
  readonly connections: number;
  readonly inFlight: number;
  readonly warmUp: number;
  readonly seconds: number;
  /** Options of node for Aorta's process. */
  readonly nodeOptions: readonly string[];
}

/** Who listens: the product in one of its profiles, or a peer. */
export type Contestant = { readonly profile: 'embedded' | 'kafka'; readonly flows: boolean } | { readonly listener: Listener };

/** One listener against its senders (`interrupted` ends it early), on a Kafka of this round alone: the same for all, as the product's topics have fixed names. */
export async function mllpRound(contestant: Contestant, options: RoundOptions, interrupted?: Promise<never>): Promise<RoundResult> {
  const kafka = 'profile' in contestant && contestant.profile === 'embedded' ? undefined : await privateKafka();
  const cluster = kafka && new Cluster([kafka.url]);
  let running: RunningListener | undefined;
  try {
    await cluster?.connect();
    running = await started(contestant, options, kafka, cluster);
    const measuring = measured(running, contestant, options, cluster);
    // When the round is interrupted, its senders fail with the listener; nobody waits for them.
    measuring.catch(() => undefined);
    return await (interrupted ? Promise.race([measuring, interrupted]) : measuring);
  } finally {
    await running?.stop();
    await cluster?.close();
    await kafka?.remove();
  }
}

async function started(contestant: Contestant, { nodeOptions }: RoundOptions, kafka: PrivateService | undefined, cluster?: Cluster) {
  if ('profile' in contestant) return aorta(contestant.profile, kafka, nodeOptions, contestant.flows);
  if (!kafka || !cluster) throw new Error('a peer writes to Kafka');
  return listenerProcess(contestant.listener, cluster, [kafka.url]);
}

async function measured(running: RunningListener, contestant: Contestant, options: RoundOptions, cluster?: Cluster): Promise<RoundResult> {
  let cpu = 0;
  let begun: Readonly<Record<string, number>> = {};
  let figures: Promise<Readonly<Record<string, number>>> | undefined;
  const { connections, inFlight, warmUp, seconds } = options;
  const sent = await send({
    ...{ port: running.port, connections, inFlight, warmUp, seconds },
    oneMessage: 'listener' in contestant && contestant.listener.oneMessage === true,
    async begin() {
      begun = (await running.counters?.()) ?? {};
      cpu = running.usage().cpuSeconds;
    },
    async end() {
      cpu = running.usage().cpuSeconds - cpu;
      figures = running.figures?.(begun, seconds);
    },
  });
  const { accepted, ...rest } = sent;
  return {
    ...rest,
    figures: (await figures) ?? {},
    cpuSecondsPerMillion: (cpu / Math.max(1, sent.acknowledged)) * 1e6,
    peakRssMb: running.usage().peakRssMb,
    findings: cluster ? await readBack(cluster, running, accepted) : null,
  };
}
