import type { Clock, Random } from '../clock/clock.ts';
import { error } from '../errors/index.ts';
import { createMemoryKeyed } from '../keyed/memory/index.ts';
import type { Keyed } from '../keyed/port.ts';
import { assumedWorkers as standardWorkers } from '../keyed/share.ts';
import type { Telemetry } from '../telemetry/port.ts';
import type { MakeGate } from './gate/gate.ts';
import type { TargetGuard } from './guard.ts';
import type { Guards, TargetState } from './port.ts';
import { checked, type Target } from './target.ts';

export { steppedGate } from './gate/stepped.ts';
export type { Attempt, Guard, Guards, TargetState } from './port.ts';

export interface GuardsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Quotas that workers share. */
  readonly keyed: Keyed;
  /** Name of this worker. */
  readonly worker: string;
  /** Workers to reckon with while Redis has never answered. @default 3 */
  readonly assumedWorkers?: number;
  /** @default bottleneck's; with a virtual clock the one without timers (`steppedGate`) */
  readonly gate?: MakeGate;
}

/** The guards of one worker: one for each target, shared by all flows. */
export async function createGuards(options: GuardsOptions): Promise<Guards> {
  const { clock, random, telemetry, keyed, worker } = options;
  const own = keyed.kind === 'memory' ? keyed : await createMemoryKeyed({ clock });
  const guards = new Map<string, TargetGuard>();
  const opening = new Map<string, Promise<TargetGuard>>();
  /** Declarations that were found to be the same as those in use. */
  const same = new WeakSet<Target>();
  const listeners = new Set<(state: TargetState) => void>();

  const open = async (target: Target): Promise<TargetGuard> => {
    // The libraries cost a start what no target needs: a worker without targets does without them.
    const [{ TargetGuard }, gate] = await Promise.all([import('./guard.ts'), options.gate ?? defaultGate()]);
    const guard = new TargetGuard(checked(target), {
      ...{ clock, random, telemetry, own, worker, gate, shared: keyed },
      assumedWorkers: options.assumedWorkers ?? standardWorkers,
      changed: (state: TargetState) => {
        for (const listener of listeners) listener(state);
      },
    });
    guards.set(target.name, guard);
    return guard;
  };

  return {
    async use(target: Target) {
      let known = opening.get(target.name);
      if (!known) {
        known = open(target);
        opening.set(target.name, known);
      }
      const guard = await known;
      if (same.has(target)) return guard;
      if (JSON.stringify(guard.target) !== JSON.stringify(target)) throw error('AORTA_GUARD_004', { target: target.name });
      // One that may still be changed is looked at again.
      if (Object.isFrozen(target)) same.add(target);
      return guard;
    },
    states: () => [...guards.values()].map((guard) => guard.state),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      for (const guard of guards.values()) guard.close();
    },
  };
}

const defaultGate = async (): Promise<MakeGate> => (await import('./gate/bottleneck.ts')).bottleneckGate;
