import { ok } from 'node:assert/strict';
import { createFaultProxy, type FaultProxy } from '../../../src/sandbox/proxy/index.ts';
import { ask } from '../../../src/services/socket.ts';
import { repeats } from '../list/repeats.ts';
import { privateRedis } from '../support/private-services.ts';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

export const r14: Row = {
  id: 'R14',
  promise: 'Redis loss',
  fault:
    'dedupe with claims in Redis; 20 % of the entries come again as records of their own, just behind or long after; Redis killed for 10 s, flushed every 500 ms for 5 s, 5 s late for 10 s, replaced by an empty one for 5 s, killed with a worker',
  pass: 'at least 50 % of the throughput before; workers say that it is away, and that it is back',
  async run(kit) {
    const redis = [kit.after(await privateRedis()), kit.after(await privateRedis())] as const;
    const [first, second] = redis.map(({ url }) => Number(new URL(url).port)) as [number, number];
    let proxy: FaultProxy = await createFaultProxy({ host: '127.0.0.1', port: first });
    kit.after({ close: () => proxy.close() });
    const fleet = await kit.fleet({
      ...{ workers: 2, load: { random: kit.random, rate: Math.min(kit.rate, 300), patients: kit.patients } },
      env: { REDIS_URL: proxy.through(redis[0].url), FAULT_OUTSIDE: JSON.stringify({ dedupe: true }) },
    });
    const twice = repeats(fleet.load, kit.random);
    const up = () => fleet.metric('aorta_keyed_up');
    const shares: string[] = [];
    const rate = async (fault: () => Promise<void>) => {
      const [begun, before] = [performance.now(), await fleet.effects()];
      await fault();
      return ((await fleet.effects()) - before) / ((performance.now() - begun) / 1000);
    };
    fleet.load.start();
    // What a new fleet needs to warm up is nobody's throughput.
    await kit.seconds(4, 3);
    const calm = await rate(() => kit.seconds(6, 3));
    ok((await up()) === 2, 'both workers have Redis');
    const during = async (what: string, fault: () => Promise<void>) => {
      const share = (await rate(fault)) / calm;
      kit.note(`${what}: ${(share * 100).toFixed(0)} % of ${calm.toFixed(0)} effects a second`);
      shares.push(share.toFixed(2));
      ok(share >= 0.5, `${what}: ${(share * 100).toFixed(0)} % of the throughput before`);
    };
    await during('killed', async () => {
      await redis[0].stop('SIGKILL');
      await kit.seconds(10, 2);
      ok((await up()) === 0, 'both workers say that it is away');
    });
    await redis[0].start();
    await eventually('both workers to have it again', async () => (await up()) === 2, 15_000, 200);
    await during('flushed', async () => {
      for (let n = kit.times(10, 3); n > 0; n--) {
        await flush(first);
        await kit.seconds(0, 0.5);
      }
    });
    await during('5 s late', async () => {
      proxy.suffer({ latency: { ms: 2_500 } });
      await kit.seconds(10, 3);
    });
    proxy.suffer();
    // The address stays, the server behind it is another one that knows nothing.
    await during('replaced by an empty one', async () => {
      const { port: listen } = proxy;
      await proxy.close();
      proxy = await createFaultProxy({ host: '127.0.0.1', port: second, listen });
      await kit.seconds(5, 2);
    });
    await eventually('both workers to have it again', async () => (await up()) === 2, 15_000, 200);
    await Promise.all([redis[1].stop('SIGKILL'), fleet.workers[0]?.kill('SIGKILL'), fleet.workers[0]?.exited]);
    await fleet.start(0);
    await redis[1].start();
    await kit.seconds(3, 1);
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    const verdict = await fleet.verify();
    ok(twice.count > 0);
    const skipped = await fleet.metric('aorta_flow_skipped_total', { reason: 'duplicate' });
    return { cameAgain: twice.count, skippedSinceLastStart: skipped, sharesMeanwhile: shares.join(' '), drainedMs, ...verdict };
  },
};

const flush = (port: number) =>
  ask(`127.0.0.1:${port}`, Buffer.from('FLUSHALL\r\n'), (answer) => ok(answer.toString().startsWith('+OK'), 'it is flushed'));
