import type { Plant } from './plant.ts';

export default {
  name: 'redrive-by-stale-list',
  breaks: 'A new owner carries out a redrive that a list names which it read before it took the partition over.',
  oracle: ['NoDoubleEffect'],
  file: 'engine/flow-runtime.ts',
  find: 'const claimed = this.allLanes.filter(({ co }) => co.complete);',
  replace:
    'const claimed = { some: () => this.allLanes.some(({ held }) => held.size > 0), filter: (where) => this.allLanes.filter(where) };',
  target: 'parked',
  seed: 10,
} satisfies Plant;
