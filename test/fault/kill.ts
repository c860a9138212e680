import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chance } from './support/chance.ts';
import { hospital } from './support/hospital.ts';
import { checkTimelines, settled } from './support/oracle.ts';
import type { Product } from './support/product.ts';
import { Senders } from './support/senders.ts';
import { type Site, site } from './support/site.ts';

const plant = new URL('./plant/kill-before-ack.ts', import.meta.url).pathname;

export interface KillFigures {
  readonly seed: number;
  readonly rounds: number;
  readonly messages: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly duplicates: number;
  readonly readyMs: number[];
  readonly redelivered: number;
}

/**
 * Kills the product with SIGKILL `rounds` times while 25 connections send, every second time between the log append
 * and the acknowledgement; starts it on the same data, compares, sends again what was not acknowledged.
 */
export async function killRounds(
  t: Pick<TestContext, 'diagnostic'>,
  profile: Site['profile'],
  options: { rounds: number; patients?: number; messagesEach?: number },
): Promise<KillFigures> {
  const { rounds, patients: count = 50, messagesEach = 40 } = options;
  const random = chance();
  t.diagnostic(`FAULT_SEED=${random.seed}`);
  const patients = hospital(random, count, messagesEach);
  const here = await site(profile);
  try {
    const readyMs: number[] = [];
    let duplicates = 0;
    let redelivered = 0;
    const start = async (killAt?: number): Promise<Product> => {
      const begun = performance.now();
      const planted = killAt === undefined ? {} : { nodeOptions: ['--import', plant], env: { KILL_BEFORE_ACK: String(killAt) } };
      const started = await here.worker(planted);
      readyMs.push(Math.round(performance.now() - begun));
      return started;
    };
    const planted = (round: number) => (round % 2 === 1 ? random.below(60) + 1 : undefined);
    let product = await start(planted(0));
    const senders = new Senders(patients, { connections: 25, port: () => product.mllpPort });
    for (let round = 0; round < rounds && !senders.done; round++) {
      senders.start();
      if (round % 2 === 0) {
        // By what was accepted, not by the clock: a fast machine has accepted everything before a round ends.
        const until = senders.accepted.size + 1 + random.below(Math.floor(senders.total / (rounds + 1)));
        while (senders.accepted.size < until && !senders.done) await sleep(2);
        product.kill('SIGKILL');
      }
      await Promise.all([product.exited.then(() => senders.stop())]);
      product = await start(planted(round + 1));
      await settled([product]);
      await checkTimelines(product, patients, senders.accepted);
      redelivered += await product.metric('aorta_flow_redelivered_total');
      duplicates += await product.metric('aorta_mllp_duplicates_total');
      t.diagnostic(`round ${round}: ${senders.accepted.size} of ${senders.total} accepted, ${JSON.stringify(senders.answers)}`);
    }
    product.kill('SIGKILL');
    await product.exited;
    product = await start();
    senders.start();
    await senders.finished();
    await settled([product]);
    await checkTimelines(product, patients, senders.accepted, true);
    duplicates += await product.metric('aorta_mllp_duplicates_total');
    return { seed: random.seed, rounds, messages: senders.total, answers: senders.answers, duplicates, readyMs, redelivered };
  } finally {
    await here.close();
  }
}
