import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chance } from './support/chance.ts';
import { emitted, once } from './support/emitted.ts';
import { hospital } from './support/hospital.ts';
import { checkTimelines, settled } from './support/oracle.ts';
import { eventually, type Product } from './support/product.ts';
import { Senders } from './support/senders.ts';
import { type Site, site } from './support/site.ts';

export interface TwoWorkerFigures {
  readonly seed: number;
  readonly rounds: number;
  readonly answers: Readonly<Record<string, number>>;
  /** Groups that the database refused because the partition had a newer owner. */
  readonly fenced: number;
  readonly partitions: readonly number[][];
}

const sessionTimeoutMs = 3_000;
/** adt-admissions, lab-results and clinical-drafts, 12 each. */
const partitionsOfAllFlows = 36;

interface Pair {
  readonly here: Site;
  readonly workers: [Product, Product];
  readonly senders: Senders;
}

/** Two workers of one group on the kafka profile, senders on both, and a fault for one of them in each round. */
async function twoWorkers(
  t: Pick<TestContext, 'diagnostic'>,
  options: { rounds: number; messagesEach: number },
  fault: (pair: Pair, round: number) => Promise<void>,
): Promise<TwoWorkerFigures> {
  const random = chance();
  t.diagnostic(`FAULT_SEED=${random.seed}`);
  const patients = hospital(random, 50, options.messagesEach);
  const here = await site('kafka', { sessionTimeoutMs });
  try {
    const workers: [Product, Product] = [await here.worker({ name: 'a' }), await here.worker({ name: 'b' })];
    const senders = new Senders(patients, { connections: 24, port: (n) => (workers[n % 2] as Product).mllpPort });
    const partitions: number[][] = [];
    const share = async () => {
      const owned = await Promise.all(workers.map((worker) => worker.metric('aorta_flow_partitions')));
      partitions.push(owned);
      return owned;
    };
    await eventually('both to own partitions', async () => (await share()).every((owned) => owned > 0));
    let fenced = 0;
    for (let round = 0; round < options.rounds; round++) {
      const target = Math.min(senders.total, senders.accepted.size + 20 + random.below(80));
      senders.start();
      while (senders.accepted.size < target) await sleep(5);
      await fault({ here, workers, senders }, round);
      await eventually('both to own partitions again', async () => {
        const owned = await share();
        return owned.every((count) => count > 0) && owned.reduce((sum, count) => sum + count, 0) === partitionsOfAllFlows;
      });
      await senders.stop();
      await settled(workers);
      await checkTimelines(workers[round % 2] as Product, patients, senders.accepted);
      for (const worker of workers) fenced += await worker.metric('aorta_flow_fenced_total');
      t.diagnostic(
        `round ${round}: ${senders.accepted.size} of ${senders.total} accepted, ${JSON.stringify(senders.answers)}, partitions ${partitions.at(-1)?.join('+')}`,
      );
    }
    senders.start();
    await senders.finished();
    await settled(workers);
    await checkTimelines(workers[0], patients, senders.accepted, true);
    const eventIds = once(await emitted(here)).map(({ eventId }) => eventId);
    strictEqual(new Set(eventIds).size, senders.total, 'each message has made its event');
    strictEqual(eventIds.length, senders.total, 'and none two');
    for (const worker of workers) {
      ok(!/unhandled/i.test(worker.stderr()));
      worker.kill('SIGTERM');
      deepStrictEqual(await worker.exited, { code: 0, signal: null });
    }
    return { seed: random.seed, rounds: options.rounds, answers: senders.answers, fenced, partitions };
  } finally {
    await here.close();
  }
}

/** One of the two is killed; the other takes over; the killed one comes back. */
export const killOneOfTwo = (t: Pick<TestContext, 'diagnostic'>, rounds: number, messagesEach = 30) =>
  twoWorkers(t, { rounds, messagesEach }, async ({ here, workers }, round) => {
    const at = round % 2;
    const victim = workers[at] as Product;
    const survivor = workers[1 - at] as Product;
    victim.kill('SIGKILL');
    await victim.exited;
    await eventually('the other one to take over', async () => (await survivor.metric('aorta_flow_partitions')) === partitionsOfAllFlows);
    workers[at] = await here.worker({ name: at === 0 ? 'a' : 'b' });
  });

/** One of the two is stopped past its session, so that the other takes over; then it goes on where it was, with old work in hand. */
export const freezeOneOfTwo = (t: Pick<TestContext, 'diagnostic'>, rounds: number, messagesEach = 30) =>
  twoWorkers(t, { rounds, messagesEach }, async ({ workers }, round) => {
    const at = round % 2;
    const victim = workers[at] as Product;
    const survivor = workers[1 - at] as Product;
    victim.kill('SIGSTOP');
    try {
      await eventually('the other one to take over', async () => (await survivor.metric('aorta_flow_partitions')) === partitionsOfAllFlows);
    } finally {
      victim.kill('SIGCONT');
    }
    ok(victim.running && survivor.running);
  });
