import type { SimulationOptions } from '../../../src/testing/index.ts';
import type { Simulated } from '../../../src/testing/simulate.ts';

/** A flow and how to simulate it; `npm run simulate -- --flow <file>` takes any module whose default export is one. */
export interface Target {
  readonly name: string;
  readonly flow: Simulated;
  // biome-ignore lint/suspicious/noExplicitAny: each target has events of its own type
  readonly options: Omit<SimulationOptions<any>, 'seed'>;
}

// biome-ignore lint/suspicious/noExplicitAny: each target has events of its own type
export const target = (name: string, flow: Simulated, options: Omit<SimulationOptions<any>, 'seed'>): Target => ({ name, flow, options });
