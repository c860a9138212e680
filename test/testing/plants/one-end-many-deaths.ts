import type { Plant } from './plant.ts';

export default {
  name: 'one-end-many-deaths',
  breaks: 'A function that goes on over several losses of its lane by one process counts as that many deaths when the process ends.',
  oracle: ['OnlyCulpritParked'],
  file: 'engine/outlived.ts',
  find: 'tries.epoch !== epoch && isOf(tries, lane, offset)',
  replace: 'false && isOf(tries, lane, offset)',
  target: 'heedless',
  seed: 19,
} satisfies Plant;
