import type { Plant } from './plant.ts';

export default {
  name: 'redrive-by-stale-list',
  breaks: 'A new owner carries out a redrive that a list names which it read before it took the partition over.',
  oracle: ['NoDoubleEffect'],
  file: 'engine/redrives.ts',
  find: `    const still = new Set((await this.#state.redriveRequests(flow)).map(({ id }) => id));
    const lanes = claimed.filter(`,
  replace: `    const still = new Set(asked.map(({ id }) => id));
    const lanes = this.#lanes().filter(`,
  target: 'parked',
  seed: 10,
} satisfies Plant;
