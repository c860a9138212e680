import type { Plant } from './plant.ts';

export default {
  name: 'partition-in-two',
  breaks: 'Two transactions at once have turns of one partition.',
  oracle: ['NoLoss', 'WatermarkNeverPassesIncomplete'],
  file: 'engine/group-commit.ts',
  find: 'this.#queue.filter((item) => !this.#writing.has(partitionOf(item)))',
  replace: 'this.#queue',
  target: 'late',
  seed: 1,
} satisfies Plant;
