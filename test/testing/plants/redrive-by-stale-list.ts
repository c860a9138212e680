import type { Plant } from './plant.ts';

export default {
  name: 'redrive-by-stale-list',
  breaks: 'A new owner carries out a redrive that a list names which it read before it took the partition over.',
  oracle: ['NoDoubleEffect'],
  file: 'engine/redrives.ts',
  find: 'const claimed = this.#lanes().filter(({ co }) => co.complete);',
  replace:
    'const claimed = { some: () => this.#lanes().some(({ held }) => held.size > 0), filter: (where) => this.#lanes().filter(where) };',
  target: 'parked',
  seed: 10,
} satisfies Plant;
