import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chance } from './support/chance.ts';
import { emitted } from './support/emitted.ts';
import { hospital } from './support/hospital.ts';
import { checkTimelines, settled } from './support/oracle.ts';
import { Senders } from './support/senders.ts';
import { type Site, site } from './support/site.ts';

export interface StopFigures {
  readonly seed: number;
  readonly rounds: number;
  readonly messages: number;
  /** From the signal to the end of the process. */
  readonly stopMs: number[];
  readonly answers: Readonly<Record<string, number>>;
}

/** SIGTERM while 25 connections send, again and again: a clean end each time, and the next owner has nothing to do twice. */
export async function stopRounds(
  t: Pick<TestContext, 'diagnostic'>,
  profile: Site['profile'],
  options: { rounds: number; messagesEach?: number },
): Promise<StopFigures> {
  const { rounds, messagesEach = 60 } = options;
  const random = chance();
  t.diagnostic(`FAULT_SEED=${random.seed}`);
  const patients = hospital(random, 50, messagesEach);
  const here = await site(profile);
  try {
    const stopMs: number[] = [];
    let product = await here.worker();
    const senders = new Senders(patients, { connections: 25, port: () => product.mllpPort });
    for (let round = 0; round < rounds; round++) {
      const before = senders.accepted.size;
      const target = before + 1 + random.below(100);
      senders.start();
      while (senders.accepted.size < Math.min(target, senders.total)) await sleep(5);
      const { mllpPort, httpPort } = product;
      const begun = performance.now();
      product.kill('SIGTERM');
      const exit = await product.exited;
      stopMs.push(Math.round(performance.now() - begun));
      await senders.stop();
      deepStrictEqual(exit, { code: 0, signal: null }, `round ${round}: ${product.stderr().slice(-2000)}`);
      ok((stopMs.at(-1) as number) < 10_000, `round ${round}: ended ${stopMs.at(-1)} ms after SIGTERM`);
      for (const port of [mllpPort, httpPort]) ok(await free(port), `round ${round}: port ${port} is free`);
      product = await here.worker();
      await settled([product]);
      strictEqual(
        await product.metric('aorta_flow_sent_twice_total'),
        0,
        `round ${round}: ingress has nothing to append twice after a clean stop`,
      );
      await checkTimelines(product, patients, senders.accepted);
      if (senders.done) break;
    }
    senders.start();
    await senders.finished();
    await settled([product]);
    await checkTimelines(product, patients, senders.accepted, true);
    product.kill('SIGTERM');
    await product.exited;
    // Each turn emits its event: one that was done again by the next owner would be there twice.
    const eventIds = (await emitted(here)).map((emission) => emission.eventId);
    strictEqual(new Set(eventIds).size, senders.total, 'each message has made its event');
    strictEqual(eventIds.length, senders.total, 'and no event was made twice');
    return { seed: random.seed, rounds, messages: senders.total, stopMs, answers: senders.answers };
  } finally {
    await here.close();
  }
}

export function free(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)));
  });
}
