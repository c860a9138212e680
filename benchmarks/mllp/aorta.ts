import { settled } from '../../test/fault/support/oracle.ts';
import type { PrivateService } from '../../test/fault/support/private-services.ts';
import { site } from '../../test/fault/support/site.ts';
import { usageOf } from '../runner/proc.ts';
import { decode } from '../work/event.ts';
import type { RunningListener } from './listener.ts';

/**
 * Aorta as users run it: listener, identity, log, both flows, canonical store. It does more than its peers: they write the
 * message and answer.
 */
export async function aorta(
  profile: 'embedded' | 'kafka',
  kafka: PrivateService | undefined,
  nodeOptions: readonly string[],
): Promise<RunningListener> {
  const here = await site(profile, kafka ? { kafka } : {});
  try {
    const product = await here.worker({ nodeOptions });
    const applied = () => product.metric('aorta_flow_settled_total', { settlement: 'done' });
    return {
      port: product.mllpPort,
      topic: 'hl7.adt',
      content: (value) => decode(value).raw ?? Buffer.alloc(0),
      usage: () => usageOf(product.pid),
      counters: async () => ({ applied: await applied() }),
      async figures(begun, seconds) {
        const appliedPerSecond = ((await applied()) - (begun['applied'] ?? 0)) / seconds;
        const left = await product.metric('aorta_flow_lag_records');
        const draining = performance.now();
        await settled([product], 300_000);
        return { appliedPerSecond, drainedPerSecond: left / ((performance.now() - draining) / 1000) };
      },
      async stop() {
        product.kill('SIGTERM');
        await product.exited;
        await here.close();
      },
    };
  } catch (cause) {
    await here.close();
    throw cause;
  }
}
