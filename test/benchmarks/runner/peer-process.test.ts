import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Peer } from '../../../benchmarks/contract/peer.ts';
import { loadPeers } from '../../../benchmarks/contract/peers.ts';
import { environmentOf, type Task, taskFrom } from '../../../benchmarks/contract/task.ts';
import { loadWorkloads } from '../../../benchmarks/contract/workloads.ts';
import { lineUp, withPeers } from '../../../benchmarks/runner/line-up.ts';
import type { Settings } from '../../../benchmarks/runner/outcome.ts';
import { PeerProcess } from '../../../benchmarks/runner/peer-process.ts';
import { PeerWorkers } from '../../../benchmarks/runner/peer-workers.ts';
import { AortaError } from '../../../src/errors/index.ts';

const task: Task = {
  ...{ workload: 'adt', work: 'route', peer: 'foreign', name: 'bench-1-r0-foreign', brokers: ['a:1', 'b:2'], registryUrl: 'http://r' },
  ...{ databaseUrl: 'postgres://d', scratch: '/tmp/s', schemaFile: '/x/hl7-adt.avsc', input: 'in', partitions: 12, patients: 5 },
  outputs: { admissions: 't1', transfers: 't2' },
  ...{ callMs: [30, 70], inFlight: 200 },
};

/** A peer in another language, as far as the runner can tell. */
const foreign = (script: string): Peer => ({
  ...{ name: 'foreign', what: 'a script', guarantee: 'none', work: ['route'], versions: () => ({}) },
  launch: () => ({ command: process.execPath, args: ['-e', script], env: { EXTRA: 'own' } }),
});

describe('the process of a peer', () => {
  it('gets its task as environment, whatever its language, and TypeScript reads it back', () => {
    assert.deepEqual(taskFrom(environmentOf(task)), task);
    assert.deepEqual(taskFrom(environmentOf({ ...task, outputs: {}, callMs: [0, 0] })).outputs, {});
    assert.throws(() => taskFrom({}), /BENCH_\w+ is not set/);
  });

  it('says when it is ready, is measured from outside, tells figures, and ends when it is asked to', async () => {
    const process = await PeerProcess.start(
      foreign(`console.log('a log line'); console.log('figure outputs ' + process.env.BENCH_OUTPUTS.length); console.log('ready');
        if (process.env.EXTRA !== 'own') process.exit(9);
        process.stdin.on('data', (text) => { if (String(text) === 'stop\\n') process.exit(0); });`),
      task,
    );
    await process.ready();
    assert.deepEqual(process.figures, { outputs: 'admissions=t1,transfers=t2'.length });
    const { cpuSeconds, peakRssMb } = process.usage();
    assert.ok(cpuSeconds >= 0 && peakRssMb > 5);
    await process.stop();
    assert.doesNotThrow(() => process.check());
  });

  it('fails with its own reason, else with its exit code and the end of its stderr', async () => {
    const told = await PeerProcess.start(foreign(`console.log('failed no such topic'); process.exit(1)`), task);
    await assert.rejects(told.ready(), /the peer foreign failed: no such topic/);
    await told.stop();
    const silent = await PeerProcess.start(foreign(`console.error('out of luck'); process.exit(7)`), task);
    await assert.rejects(silent.ready(), /ended by itself \(exit code 7\)[\s\S]*out of luck/);
    await silent.stop();
    const absent = await PeerProcess.start({ ...foreign(''), launch: () => ({ command: '/no/such/program', args: [] }) }, task);
    await assert.rejects(absent.ready(), /ENOENT/);
    await absent.stop();
  });

  it('is one of several that are measured as one, and fail as one', async () => {
    const script = `console.log('figure done 2'); console.log('ready');
      process.stdin.on('data', (text) => process.exit(String(text) === 'stop\\n' ? 0 : 3));`;
    const each = [await PeerProcess.start(foreign(script), task), await PeerProcess.start(foreign(script), task)];
    const both = new PeerWorkers(each);
    await both.ready();
    assert.deepEqual(both.figures, { done: 4 });
    const rss = both.usage().peakRssMb;
    assert.ok(
      each.every((one) => one.usage().peakRssMb <= rss * 0.75),
      'memory is that of both',
    );
    await each[1]?.stop();
    assert.throws(() => both.usage());
    await both.stop();
    const half = new PeerWorkers([
      await PeerProcess.start(foreign(script), task),
      await PeerProcess.start(foreign(`console.log('failed no luck')`), task),
    ]);
    await assert.rejects(half.ready(), /no luck/);
    await half.stop();
  });

  it('is killed when it does not stop', async () => {
    const stubborn = await PeerProcess.start(foreign(`console.log('ready'); setInterval(() => {}, 1000)`), task);
    await stubborn.ready();
    await stubborn.stop(200);
    assert.throws(() => stubborn.usage(), /ended|ENOENT/);
  });
});

describe('the peers of a workload', () => {
  const peer = (name: string, more: Partial<Peer> = {}): Peer => ({ ...foreign(''), name, work: ['route'], ...more }) as Peer;
  const adt = async () => (await loadWorkloads()).find(({ name }) => name === 'adt') ?? assert.fail();
  const all = new Map(
    [
      peer('aorta'),
      peer('tuned'),
      peer('streams', { available: () => 'there is no JVM' }),
      peer('new'),
      peer('broken', { available: () => Promise.reject(new Error('no network')) }),
      peer('other', { work: ['effect'] }),
      peer('naive'),
    ].map((one) => [one.name, one] as const),
  );

  it('are those that can do its work; who cannot run is missing with the reason', async () => {
    const { peers, missing } = await lineUp(await adt(), all, []);
    assert.deepEqual(
      peers.map(({ name }) => name),
      ['aorta', 'tuned', 'new'],
    );
    assert.equal(missing['streams'], 'there is no JVM');
    assert.equal(missing['broken'], 'no network');
    assert.match(missing['platformatic'] ?? '', /no such peer/);
    assert.deepEqual(
      (await lineUp(await adt(), all, ['naive'])).peers.map(({ name }) => name),
      ['aorta', 'naive'],
      'a slow one runs when it is asked for',
    );
  });

  it('are missing where several processes cannot share the work', async () => {
    const workload = await adt();
    const some = new Map([peer('aorta'), peer('tuned', { alone: [workload.work] })].map((one) => [one.name, one] as const));
    assert.deepEqual((await lineUp(workload, some, ['tuned'])).missing, {});
    assert.deepEqual((await lineUp(workload, some, ['tuned'], 2)).missing, { tuned: 'several processes of it cannot share this work' });
  });

  it('are refused by name where no workload of the run knows them', async () => {
    const [workload, settings] = [await adt(), {} as Settings];
    assert.throws(
      () => withPeers([{ workload, settings, peers: ['other'] }], all),
      (thrown) => thrown instanceof AortaError && thrown.code === 'AORTA_CFG_001' && /other is no peer of adt/.test(thrown.message),
    );
  });

  it('of this checkout all load, and say what they are made of', async () => {
    const peers = await loadPeers();
    for (const name of ['aorta', 'naive', 'tuned', 'per-key', 'pg-event', 'pg-batch', 'tuned-memory']) assert.ok(peers.has(name), name);
    for (const [name, { versions, what, guarantee }] of peers)
      assert.ok(Object.values(versions()).every((version) => /\d/.test(version)) && what !== '' && guarantee !== '', name);
  });
});
