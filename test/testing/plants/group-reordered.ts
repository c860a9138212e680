import type { Plant } from './plant.ts';

export default {
  name: 'group-reordered',
  breaks: 'The newest turns are written first.',
  oracle: ['PerPatientOrder', 'NoLoss'],
  file: 'engine/group-commit.ts',
  find: 'for (const item of free) {',
  replace: 'for (const item of free.some((i) => i.alone) ? free : free.toReversed()) {',
  target: 'late',
  seed: 2,
} satisfies Plant;
