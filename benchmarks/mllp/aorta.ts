import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settled } from '../../test/fault/support/oracle.ts';
import type { PrivateService } from '../../test/fault/support/private-services.ts';
import { site } from '../../test/fault/support/site.ts';
import { usageOf } from '../runner/proc.ts';
import { decode } from '../work/event.ts';
import type { RunningListener } from './listener.ts';

/**
 * Aorta as users run it: listener, identity, log, both flows, canonical store. It does more than its peers: they write the
 * message and answer. Without `flows` it is a project that has none: listener, identity and log, as nothing reads the topic.
 */
export async function aorta(
  profile: 'embedded' | 'kafka',
  kafka: PrivateService | undefined,
  nodeOptions: readonly string[],
  flows: boolean,
): Promise<RunningListener> {
  const here = await site(profile, kafka ? { kafka } : {});
  const empty = mkdtempSync(join(tmpdir(), 'aorta-bench-'));
  mkdirSync(join(empty, 'topologies'));
  const close = async (): Promise<void> => {
    await here.close();
    rmSync(empty, { recursive: true, force: true });
  };
  try {
    const product = await here.worker({ nodeOptions, ...(flows ? {} : { project: empty }) });
    const applied = () => product.metric('aorta_flow_settled_total', { settlement: 'done' });
    const figures = async (begun: Readonly<Record<string, number>>, seconds: number) => {
      const appliedPerSecond = ((await applied()) - (begun['applied'] ?? 0)) / seconds;
      const left = await product.metric('aorta_flow_lag_records');
      const draining = performance.now();
      await settled([product], 300_000);
      return { appliedPerSecond, drainedPerSecond: left / ((performance.now() - draining) / 1000) };
    };
    return {
      port: product.mllpPort,
      topic: 'hl7.adt',
      content: (value) => decode(value).raw ?? Buffer.alloc(0),
      usage: () => usageOf(product.pid),
      ...(flows ? { counters: async () => ({ applied: await applied() }), figures } : {}),
      async stop() {
        product.kill('SIGTERM');
        await product.exited;
        await close();
      },
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}
