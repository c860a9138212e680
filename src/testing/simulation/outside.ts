import type { EnginePorts } from '../../engine/index.ts';
import type { CompiledFlow } from '../../flow/compile.ts';
import { createGuards, steppedGate } from '../../guard/index.ts';
import { createMemoryKeyed } from '../../keyed/memory/index.ts';
import type { Keyed } from '../../keyed/port.ts';
import { silentTelemetry } from '../../telemetry/port.ts';
import { guarded } from '../process.ts';
import type { seededRandom, VirtualClock } from '../virtual-clock.ts';
import type { SimulatedWorker } from './worker.ts';

/** What all workers share as they would share a Redis: claims and quotas. Undefined for a flow that asks nobody. */
export const sharedKeyed = (compiled: Pick<CompiledFlow, 'targets' | 'dedupes'>, clock: VirtualClock): Promise<Keyed> | undefined =>
  compiled.targets.length > 0 || compiled.dedupes.size > 0 ? createMemoryKeyed({ clock }) : undefined;

/** A worker's guards and claims; they end with it. */
export async function outsideOf(
  shared: Keyed,
  worker: SimulatedWorker,
  random: ReturnType<typeof seededRandom>,
): Promise<Pick<EnginePorts, 'guards' | 'keyed'>> {
  const keyed = guarded(shared, worker.clock);
  const name = `worker-${worker.id}`;
  return {
    keyed,
    guards: await createGuards({ clock: worker.clock, random, telemetry: silentTelemetry, keyed, worker: name, gate: steppedGate }),
  };
}
