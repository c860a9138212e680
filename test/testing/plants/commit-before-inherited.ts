import type { Plant } from './plant.ts';

export default {
  name: 'commit-before-inherited',
  breaks: 'A new owner commits where the last one stood, before it has sent what that one left in the outbox.',
  oracle: ['WatermarkNeverPassesIncomplete'],
  file: 'engine/flow-runtime.ts',
  find: 'lane.inherited > 0 || ',
  replace: '',
  target: 'everything',
  seed: 1,
} satisfies Plant;
