import type { Plant } from './plant.ts';

export default {
  name: 'never-fed-again',
  breaks: 'A paused partition is not fed again.',
  oracle: ['ProgressAfterFaults', 'NoLeakedAck'],
  file: 'engine/lane.ts',
  find: '    this.paused = false;\n    this.host.resume(this);',
  replace: '    this.paused = false;',
  target: 'late',
  seed: 1,
} satisfies Plant;
