import type { Plant } from './plant.ts';

export default {
  name: 'halves-forgotten',
  breaks: 'When the database refuses a group, only its first half is written.',
  oracle: ['PerPatientOrder', 'NoLoss', 'NoLeakedAck', 'ProgressAfterFaults'],
  file: 'engine/group-commit.ts',
  find: '    await this.#write(items.slice(middle).filter((item) => !item.lane.withdrawn(item)));',
  replace: '',
  target: 'everything',
  seed: 40,
} satisfies Plant;
