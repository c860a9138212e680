import type { Plant } from './plant.ts';

export default {
  name: 'redrive-by-stale-list',
  breaks: 'A new owner carries out a redrive that a list names which it read before it took the partition over.',
  oracle: ['NoDoubleEffect'],
  file: 'engine/flow-runtime.ts',
  find: 'const lanes = claimed.filter((lane) => lane.owned && !lane.draining);',
  replace: 'const lanes = this.allLanes.filter((lane) => lane.owned && !lane.draining && claimed.length >= 0);',
  target: 'parked',
  seed: 10,
} satisfies Plant;
