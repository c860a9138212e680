import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chance } from './support/chance.ts';
import { hospital } from './support/hospital.ts';
import { checkTimelines, settled } from './support/oracle.ts';
import { newDatabase, type PrivateService, privateKafka, privatePostgres } from './support/private-services.ts';
import { Senders } from './support/senders.ts';
import { type Site, site } from './support/site.ts';

let kafka: PrivateService;
let postgres: PrivateService;
let here: Site;

before(async () => {
  kafka = await privateKafka();
  postgres = await privatePostgres();
  here = await site('kafka', { kafka, databaseUrl: await newDatabase(postgres.url) });
});

after(async () => {
  await here?.close();
  await postgres?.remove();
  await kafka?.remove();
});

const aways: readonly [string, () => Promise<void>, () => Promise<void>][] = [
  ['PostgreSQL is stopped', () => postgres.stop('SIGQUIT'), () => postgres.start()],
  ['Kafka is stopped', () => kafka.stop('SIGTERM'), () => kafka.start()],
  ['Kafka does not answer', async () => kafka.signal('SIGSTOP'), async () => kafka.signal('SIGCONT')],
];

for (const [what, away, back] of aways) {
  test(`SIGTERM while ${what}: it ends in time with code 0, its senders get an answer, nothing is lost`, async (t) => {
    const product = await here.worker();
    let port = product.mllpPort;
    const patients = hospital(chance(), 20, 20);
    const senders = new Senders(patients, { connections: 20, inFlight: 1, port: () => port });
    senders.start();
    while (senders.accepted.size < 40) await sleep(5);
    await away();
    try {
      await sleep(1_000);
      const begun = performance.now();
      product.kill('SIGTERM');
      const exit = await Promise.race([product.exited, sleep(30_000, undefined)]);
      const took = Math.round(performance.now() - begun);
      const { lost = 0, AE = 0 } = senders.answers;
      await senders.stop();
      t.diagnostic(`ended after ${took} ms; ${AE} AE, ${lost} without answer or refused after the end`);
      deepStrictEqual(exit, { code: 0, signal: null }, product.stderr().slice(-2000));
      ok(took < 10_000, `ended ${took} ms after SIGTERM`);
      ok(AE > 0, 'senders were told');
    } finally {
      await back();
    }
    const next = await here.worker();
    port = next.mllpPort;
    senders.start();
    await senders.finished();
    await settled([next]);
    await checkTimelines(next, patients, senders.accepted, true);
    next.kill('SIGTERM');
    strictEqual((await next.exited).code, 0);
  });
}

test('a start without PostgreSQL or Kafka says in one line what is missing', async () => {
  await postgres.stop('SIGQUIT');
  try {
    await here.worker({ readyWithinMs: 60_000 }).then(
      () => ok(false, 'it must not be ready'),
      (thrown: Error) => match(thrown.message, /AORTA_STATE_001((?!did not end).)*$/),
    );
  } finally {
    await postgres.start();
  }
  await kafka.stop('SIGTERM');
  try {
    await here.worker({ readyWithinMs: 60_000 }).then(
      () => ok(false, 'it must not be ready'),
      (thrown: Error) => match(thrown.message, /AORTA_LOG_008((?!did not end).)*$/),
    );
  } finally {
    await kafka.start();
  }
});
