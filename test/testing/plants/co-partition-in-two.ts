import type { Plant } from './plant.ts';

export default {
  name: 'co-partition-in-two',
  breaks: 'Two transactions at once have turns of one partition number, of different sources or independent lanes.',
  oracle: ['NoLoss', 'PerPatientOrder', 'Invariant', 'EmissionsMatch'],
  file: 'engine/group-commit.ts',
  find: 'item.lane.partition.partition;',
  replace: 'Object.values(item.lane.ref).join() as never;',
  target: 'lanes-of-two',
  seed: 1,
} satisfies Plant;
