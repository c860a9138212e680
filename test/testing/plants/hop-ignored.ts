import type { Plant } from './plant.ts';

export default {
  name: 'hop-ignored',
  breaks: 'The hop number of a record that its producer sent twice is not looked at.',
  oracle: ['NoDoubleEffect'],
  file: 'engine/offset-tracker.ts',
  find: 'duplicate = seen !== undefined && hop.seq <= seen;',
  replace: 'duplicate = false;',
  target: 'everything',
  seed: 1,
} satisfies Plant;
