import { ok } from 'node:assert/strict';
import { createFaultProxy, type FaultProxy } from '../../../src/sandbox/proxy/index.ts';
import { freshDatabase, services } from '../../support/services.ts';
import type { Fleet } from '../list/fleet.ts';
import { writerOfVersion } from '../list/versions.ts';
import { privateCluster, privateRedis } from '../support/private-services.ts';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

/** What a dependency's connections suffer, until the result is called. */
const faults: Readonly<Record<string, (proxy: FaultProxy, seconds: number) => () => void>> = {
  'latency 200 ± 150 ms': (proxy) => {
    proxy.suffer({ latency: { ms: 200, jitterMs: 150 } });
    return () => proxy.suffer();
  },
  'black hole, then reset': (proxy) => {
    proxy.suffer({ blackHole: true });
    return () => {
      proxy.suffer();
      proxy.reset();
    };
  },
  'reset again and again': (proxy) => {
    proxy.reset();
    const timer = setInterval(() => proxy.reset(), 700);
    return () => clearInterval(timer);
  },
  'slices of 300 bytes': (proxy) => {
    proxy.suffer({ slice: { bytes: 300, gapMs: 1 } });
    return () => proxy.suffer();
  },
  'lost replies': (proxy, seconds) => {
    proxy.loseReplies({ every: 40 }, Math.ceil(seconds * 4));
    // A reply that never fits takes the place of what is left to lose.
    return () => proxy.loseReplies({ bytes: Number.POSITIVE_INFINITY });
  },
};

export const r40: Row = {
  id: 'R40',
  promise: 'each dependency with each network fault',
  fault:
    'Kafka, registry, Redis and PostgreSQL, each with latency and jitter, black hole, resets, slices and lost replies for 3 s: 20 cells in a random order on one fleet under load; in those of the registry entries come with a schema that no worker knows',
  pass: 'work resumes within 15 s after each; no worker ends; no entry is parked',
  async run(kit) {
    const cluster = kit.after(await privateCluster(1, { proxied: true }));
    const redis = kit.after(await privateRedis());
    const database = await freshDatabase('fault');
    kit.after({ close: () => database.drop() });
    const before = async (url: string) => {
      const { hostname, port } = new URL(url);
      return kit.after(await createFaultProxy({ host: hostname, port: Number(port) }));
    };
    const registryUrl = services().registryUrl;
    const proxies = {
      kafka: cluster.proxies[0] as FaultProxy,
      registry: await before(registryUrl),
      redis: await before(redis.url),
      postgres: await before(database.url),
    };
    const fleet = await kit.fleet({
      ...{ workers: 2, brokers: cluster.brokers, registryUrl: proxies.registry.through(registryUrl) },
      databaseUrl: proxies.postgres.through(database.url),
      direct: { brokers: cluster.nodes.map(({ url }) => url), databaseUrl: database.url },
      // As in R14: each entry takes a claim and a row more.
      load: { random: kit.random, rate: Math.min(kit.rate, 300), patients: kit.patients },
      // Claims of a dedupe: without them nobody would ask Redis.
      env: { REDIS_URL: proxies.redis.through(redis.url), FAULT_OUTSIDE: JSON.stringify({ dedupe: true }) },
    });
    const cells = shuffled(
      Object.entries(proxies).flatMap(([dependency, proxy]) => Object.keys(faults).map((fault) => ({ dependency, proxy, fault }))),
      kit.random.next,
    );
    const slowest = { ms: 0, cell: '' };
    const accepted: Record<string, number> = {};
    const began = Object.fromEntries(Object.entries(proxies).map(([dependency, { accepted: n }]) => [dependency, n]));
    fleet.load.start();
    await kit.seconds(3, 2);
    for (const [n, { dependency, proxy, fault }] of cells.entries()) {
      const seconds = Math.max(3 * kit.scale, 1);
      const end = (faults[fault] as (typeof faults)[string])(proxy, seconds);
      try {
        if (dependency === 'registry') await strangers(fleet, n);
        await kit.seconds(3, 1);
      } finally {
        end();
      }
      const resumedMs = await fleet.resumes();
      const cell = `${dependency}, ${fault}`;
      kit.note(`${n + 1} of ${cells.length}: ${cell}: resumed after ${resumedMs} ms`);
      ok(resumedMs < 15_000, `${cell}: resumed ${resumedMs} ms after it was over`);
      if (resumedMs >= slowest.ms) Object.assign(slowest, { ms: resumedMs, cell });
    }
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    ok(fleet.running.length === 2, 'both workers still run');
    await eventually('both workers to have Redis again', async () => (await fleet.metric('aorta_keyed_up')) === 2, 15_000, 200);
    const [parked] = await fleet.ask<{ n: string }>('select count(*) as n from aorta_held where due is null');
    ok(Number(parked?.n) === 0, `${parked?.n} entries wait for an operator`);
    for (const [dependency, proxy] of Object.entries(proxies)) accepted[dependency] = proxy.accepted - (began[dependency] ?? 0);
    ok(
      Object.values(accepted).every((count) => count > 0),
      `each dependency was asked again: ${JSON.stringify(accepted)}`,
    );
    return {
      cells: cells.length,
      ...{ slowestResumeMs: slowest.ms, of: slowest.cell, drainedMs },
      newConnections: Object.entries(accepted)
        .map(([dependency, count]) => `${dependency} ${count}`)
        .join(' '),
      ...(await fleet.verify()),
    };
  },
};

/** Entries of five patients with a schema that nobody has seen; the load goes on with the one that it had. */
async function strangers(fleet: Fleet, version: number): Promise<void> {
  await fleet.load.stop();
  fleet.load.use(await writerOfVersion(fleet.registry, fleet.run, version));
  for (let n = 0; n < 5; n++) await fleet.load.offer(`stranger-${version}-${n}`, ['', '']);
  fleet.load.use({ serialize: fleet.load.serialize });
  fleet.load.start();
}

function shuffled<T>(things: readonly T[], next: () => number): readonly T[] {
  const drawn = things.map((thing) => ({ thing, at: next() }));
  return drawn.sort((a, b) => a.at - b.at).map(({ thing }) => thing);
}
