import { ok } from 'node:assert/strict';
import { createFaultProxy } from '../../../src/sandbox/proxy/index.ts';
import { newDatabase, privatePostgres } from '../support/private-services.ts';
import type { Row } from './row.ts';

export const r15: Row = {
  id: 'R15',
  promise: 'PostgreSQL restarts, hangs, cannot be reached',
  fault: 'immediate shutdown 3 times; SIGSTOP 20 s; black hole 12 s, then its connections are reset',
  pass: 'no worker ends; work resumes within 15 s each time',
  async run(kit) {
    const postgres = kit.after(await privatePostgres());
    const { hostname, port } = new URL(postgres.url);
    const proxy = kit.after(await createFaultProxy({ host: hostname, port: Number(port) }));
    const direct = await newDatabase(postgres.url);
    const fleet = await kit.fleet({ workers: 2, databaseUrl: proxy.through(direct), direct: { databaseUrl: direct } });
    const resumed: number[] = [];
    const back = async (what: string) => {
      resumed.push(await fleet.resumes());
      kit.note(`${what}: resumed after ${resumed.at(-1)} ms`);
      await kit.seconds(1, 0.5);
    };
    fleet.load.start();
    await kit.seconds(3, 1);
    const stops = kit.times(3);
    for (let n = 0; n < stops; n++) {
      await postgres.stop('SIGQUIT');
      await kit.seconds(2, 1);
      await postgres.start();
      await back('immediate shutdown');
    }
    postgres.signal('SIGSTOP');
    await kit.seconds(20, 8);
    postgres.signal('SIGCONT');
    await back('SIGSTOP');
    proxy.suffer({ blackHole: true });
    await kit.seconds(12, 8);
    proxy.suffer();
    proxy.reset();
    await back('black hole');
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    ok(fleet.running.length === 2, 'both workers still run');
    const slowest = Math.max(...resumed);
    ok(slowest < 15_000, `resumed ${slowest} ms after it was back`);
    return { faults: resumed.length, slowestResumeMs: slowest, drainedMs, ...(await fleet.verify()) };
  },
};
