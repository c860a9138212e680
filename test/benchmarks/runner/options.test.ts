import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadStudies, loadWorkloads } from '../../../benchmarks/contract/workloads.ts';
import { benchOptions } from '../../../benchmarks/runner/options.ts';
import { selectionOf, studiesOf } from '../../../benchmarks/runner/selection.ts';
import { AortaError } from '../../../src/errors/index.ts';

const refused = (work: () => unknown, problem: RegExp) =>
  assert.throws(work, (thrown) => thrown instanceof AortaError && thrown.code === 'AORTA_CFG_001' && problem.test(thrown.message));
const selection = async (...args: string[]) => selectionOf(await loadWorkloads(), benchOptions(args) ?? assert.fail());

describe('benchmark options', () => {
  it('reads flags, and has defaults', () => {
    const { workload, peers, rounds, rate, json, messages, maxLatenessMs, check, out } =
      benchOptions(['calls', '--peers', 'per-key,aorta', '--rounds', '5', '--rate', '0', '--json']) ?? assert.fail();
    assert.deepEqual({ workload, peers, rounds, rate, json }, { workload: 'calls', peers: ['per-key'], rounds: 5, rate: 0, json: true });
    assert.deepEqual({ messages, maxLatenessMs, check, out }, { messages: 0, maxLatenessMs: 10, check: false, out: undefined });
  });

  it('asks for nothing but its usage without a workload', () => {
    assert.equal(benchOptions([]), undefined);
    assert.equal(benchOptions(['calls', '--help']), undefined);
  });

  it('refuses what it does not understand, and names it', () => {
    refused(() => benchOptions(['calls', '--rounds', '0']), /--rounds must be a number from 1 on/);
    refused(() => benchOptions(['calls', '--rounds', '1.5']), /--rounds must be a whole number/);
    refused(() => benchOptions(['calls', '--workers', '0']), /--workers must be a number from 1 on/);
    refused(() => benchOptions(['calls', '--rate', 'fast']), /--rate/);
    refused(() => benchOptions(['calls', '--messages', '']), /--messages/);
    refused(() => benchOptions(['calls', '--colour']), /--colour/);
    refused(() => benchOptions(['calls', 'adt']), /one workload/);
    refused(() => benchOptions(['calls', '--quick']), /--quick/);
  });
});

describe('selection of workloads', () => {
  it('has one process of each peer, or as many as asked for', async () => {
    assert.equal((await selection('passthrough'))[0]?.settings.workers, 1);
    assert.equal((await selection('passthrough', '--workers', '2'))[0]?.settings.workers, 2);
  });

  it('takes one, a family, or all', async () => {
    const names = async (name: string) => (await selection(name)).map(({ workload }) => workload.name);
    assert.deepEqual(await names('adt'), ['adt']);
    assert.deepEqual(await names('enrich'), ['enrich-1', 'enrich-12', 'enrich-short']);
    assert.deepEqual((await names('all')).slice(0, 3), ['passthrough', 'chain', 'adt']);
    const [workloads, studies] = await Promise.all([loadWorkloads(), loadStudies()]);
    const chosen = (...args: string[]) => studiesOf(studies, workloads, benchOptions(args) ?? assert.fail());
    refused(() => chosen('nonsense'), /there is no workload nonsense; there are passthrough.*mllp/);
    assert.deepEqual(chosen('adt'), []);
    assert.ok(chosen('all').length >= 4);
    assert.deepEqual(chosen('--quick'), []);
    // Flags after -- go to the one that takes them.
    assert.equal(chosen('mllp', '--', '--connections', '9')[0]?.study.name, 'mllp');
    refused(() => chosen('adt', '--', '--connections', '9'), /flags after -- are for one workload/);
    refused(() => chosen('all', '--', '--connections', '9'), /flags after -- are for one workload/);
    refused(() => chosen('mllp', '--peers', 'tuned'), /tuned is no peer of mllp; there are .*medplum/);
    refused(() => chosen('rebalance', '--workers', '2'), /--workers is not for rebalance/);
    refused(() => benchOptions(['adt', '--workers', '2', '--save-baseline']), /a baseline is of one worker/);
    assert.deepEqual(
      chosen('all', '--peers', 'medplum').map(({ study, peers }) => [study.name, ...peers]),
      [['mllp', 'medplum']],
    );
  });

  it('has loads of the measured maximum unless a rate is given', async () => {
    const [latency] = await selection('latency');
    assert.deepEqual([latency?.settings.rate, latency?.settings.loads], [0, [0.1, 0.5, 0.8]]);
    const [given] = await selection('latency', '--rate', '700', '--patients', '9');
    assert.deepEqual([given?.settings.rate, given?.settings.loads, given?.settings.patients], [700, [], 9]);
  });

  it('is short and checks its gates with --quick', async () => {
    const chosen = await selection('--quick');
    assert.deepEqual(
      chosen.map(({ workload, peers }) => [workload.name, ...peers]),
      [
        ['passthrough', 'tuned'],
        ['effects', 'pg-event'],
      ],
    );
    assert.ok(chosen.every(({ settings }) => settings.rate === 0 && settings.loads.length === 0 && settings.duration <= 5));
    assert.equal(benchOptions(['--quick'])?.check, true);
  });
});
