import type { Plant } from './plant.ts';

export default {
  name: 'note-back-at-abort',
  breaks: 'The note of a try is taken back when its turn was ended, while its function goes on and may end the process.',
  oracle: ['ProgressAfterFaults'],
  file: 'engine/turn.ts',
  find: 'if (!work) return then();',
  replace: 'if (!work || this.dead || this.lane.draining) return then();',
  target: 'heedless',
  seed: 1,
} satisfies Plant;
