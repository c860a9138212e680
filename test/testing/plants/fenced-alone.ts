import type { Plant } from './plant.ts';

export default {
  name: 'fenced-alone',
  breaks: 'The store fences each lane of a co-partition for itself.',
  oracle: ['Invariant', 'NoDoubleEffect', 'NoLoss'],
  file: 'testing/memory-state.ts',
  find: "if (group.fence?.some((other) => this.#lanes.get(laneKey(other.lane))?.epoch !== other.epoch)) return 'fenced';",
  replace: '',
  target: 'merged',
  seed: 17,
} satisfies Plant;
