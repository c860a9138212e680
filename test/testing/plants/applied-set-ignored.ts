import type { Plant } from './plant.ts';

export default {
  name: 'applied-set-ignored',
  breaks: 'A record that was applied before is run again.',
  oracle: ['NoDoubleEffect'],
  file: 'engine/lane.ts',
  find: 'if (this.tracker.wasApplied(record.offset)) {',
  replace: 'if (record.offset < 0) {',
  target: 'everything',
  seed: 2,
} satisfies Plant;
