import type { Plant } from './plant.ts';

export default {
  name: 'rows-source-by-source',
  breaks: 'Rows of a patient are written by the group of the source that brought each record, not in the order of its turns.',
  oracle: ['PerPatientOrder', 'Invariant'],
  file: 'engine/group-commit.ts',
  find: 'lane.buildGroup(list, carried(lane))',
  replace: 'lane.buildGroup(list, list)',
  target: 'merged',
  seed: 15,
} satisfies Plant;
