import type { Plant } from './plant.ts';

export default {
  name: 'credits-ignored',
  breaks: 'A partition is fed on above its credits.',
  oracle: ['MemoryBounded'],
  file: 'engine/lane.ts',
  find: 'return this.records > this.maxRecords ||',
  replace: 'return this.records > this.maxRecords * 4 ||',
  target: 'late',
  seed: 1,
} satisfies Plant;
