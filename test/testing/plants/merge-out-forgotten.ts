import type { Plant } from './plant.ts';

export default {
  name: 'merge-out-forgotten',
  breaks: 'A merge that waits for held rows is forgotten when those are gone.',
  oracle: ['NoLeakedAck', 'NoLoss', 'ProgressAfterFaults'],
  file: 'engine/holding.ts',
  find: '    if (patient && leaving) {',
  replace: '    if (patient && leaving && leaving.offset < -1) {',
  target: 'merges',
  seed: 91,
} satisfies Plant;
