import type { Plant } from './plant.ts';

export default {
  name: 'suspects-not-noted',
  breaks: 'After an unclean end records run without a note.',
  oracle: ['ProgressAfterFaults'],
  file: 'engine/lane.ts',
  find: 'claimed.clean ? 0 : options.suspects',
  replace: 'claimed.clean ? 0 : 0',
  target: 'everything',
  seed: 1,
} satisfies Plant;
