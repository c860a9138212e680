import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chance } from './support/chance.ts';
import { emitted, once } from './support/emitted.ts';
import { hospital } from './support/hospital.ts';
import { checkTimelines, settled } from './support/oracle.ts';
import { newDatabase, type PrivateService, privateKafka, privatePostgres, privateRegistry } from './support/private-services.ts';
import { eventually } from './support/product.ts';
import { Senders } from './support/senders.ts';
import { site } from './support/site.ts';

export type Dependency = 'postgres' | 'kafka' | 'registry';

export interface OutageFigures {
  readonly seed: number;
  readonly dependency: Dependency;
  readonly way: string;
  readonly answers: Readonly<Record<string, number>>;
  /** From the first moment at which the service answers again to the first acknowledgement, and to an idle flow. */
  readonly resumedMs: number;
  readonly problems: readonly string[];
}

/** How it goes away. `SIGSTOP`: it is still there and does not answer. */
export type Way = 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGQUIT' | 'SIGSTOP';

/** Takes a service away for `awayMs` while 25 connections send, and brings it back. Nobody touches the product meanwhile. */
export async function outage(
  t: Pick<TestContext, 'diagnostic'>,
  dependency: Dependency,
  way: Way,
  options: { awayMs?: number; messagesEach?: number } = {},
): Promise<OutageFigures> {
  // Longer than the 15 s after which ingress answers, come what may.
  const { awayMs = dependency === 'kafka' ? 17_000 : 8_000, messagesEach = 40 } = options;
  const random = chance();
  t.diagnostic(`FAULT_SEED=${random.seed}`);
  const patients = hospital(random, 50, messagesEach);
  const kafka = await privateKafka();
  const closers: (() => Promise<unknown>)[] = [() => kafka.remove()];
  try {
    let service: PrivateService = kafka;
    const stores: { databaseUrl?: string; registryUrl?: string } = {};
    if (dependency === 'postgres') {
      service = await privatePostgres();
      closers.push(() => service.remove());
      stores.databaseUrl = await newDatabase(service.url);
    } else if (dependency === 'registry') {
      service = await privateRegistry();
      closers.push(() => service.remove());
      stores.registryUrl = service.url;
    }
    const here = await site('kafka', { kafka, ...stores });
    closers.push(() => here.close());
    const product = await here.worker();
    const senders = new Senders(patients, { connections: 25, port: () => product.mllpPort, timeoutMs: 25_000 });
    senders.start();
    while (senders.accepted.size < 100) await sleep(10);

    if (way === 'SIGSTOP') service.signal('SIGSTOP');
    else await service.stop(way);
    const before = { accepted: senders.accepted.size, ...senders.answers };
    const problems = new Set<string>();
    const until = performance.now() + awayMs;
    while (performance.now() < until) {
      ok(product.running, `the product ended: ${product.stderr().slice(-2000)}`);
      const { status, body } = await product.status('/readyz');
      if (status === 503) for (const problem of (JSON.parse(body) as { problems: string[] }).problems) problems.add(problem);
      await sleep(300);
    }
    const acceptedAway = senders.accepted.size - before.accepted;
    const lostAway = (senders.answers['lost'] ?? 0) - ((before as Record<string, number>)['lost'] ?? 0);
    const errorsAway = (senders.answers['AE'] ?? 0) - ((before as Record<string, number>)['AE'] ?? 0);
    if (way === 'SIGSTOP') service.signal('SIGCONT');
    else await service.start();
    const back = performance.now();
    const acceptedBefore = senders.accepted.size;
    await eventually('the first acknowledgement', () => senders.done || senders.accepted.size > acceptedBefore, 60_000, 10);
    const resumedMs = Math.round(performance.now() - back);
    t.diagnostic(
      `${dependency} ${way}: while away ${acceptedAway} AA, ${errorsAway} AE, ${lostAway} without answer, not ready: ${[...problems].join()}; resumed ${resumedMs} ms after it was back`,
    );
    await senders.finished();
    await settled([product]);
    await checkTimelines(product, patients, senders.accepted, true);
    const { status, body } = await product.status('/readyz');
    strictEqual(status, 200, body);
    strictEqual((await product.status('/healthz')).status, 200);
    const stderr = product.stderr();
    ok(!/unhandled/i.test(stderr), 'no unhandled rejection');
    deepStrictEqual(
      patients.filter(({ mrn }) => stderr.includes(mrn)),
      [],
      'no patient in the log lines',
    );
    const eventIds = once(await emitted(here)).map(({ eventId }) => eventId);
    strictEqual(eventIds.length, senders.total);
    strictEqual(new Set(eventIds).size, senders.total);
    strictEqual(lostAway, 0, 'every sender got an answer');
    ok(resumedMs < 15_000, `resumed ${resumedMs} ms after the service was back`);
    if (dependency === 'registry') ok(acceptedAway > 0, 'the schemas are known: messages go on without the registry');
    else {
      ok(errorsAway > 0, 'senders were told AE');
      ok(problems.has(dependency === 'kafka' ? 'log' : 'state'), `/readyz said what is missing: ${[...problems].join()}`);
    }
    product.kill('SIGTERM');
    deepStrictEqual(await product.exited, { code: 0, signal: null });
    return { seed: random.seed, dependency, way, answers: senders.answers, resumedMs, problems: [...problems] };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}
