import type { Plant } from './plant.ts';

export default {
  name: 'dropped-on-abort',
  breaks: 'A turn that a drain ends counts as done.',
  oracle: ['WatermarkNeverPassesIncomplete', 'NoLoss'],
  file: 'engine/failing.ts',
  find: '    if (lane.draining) return;',
  replace: '    if (lane.draining) return lane.settle(turn.root, turn.settlement);',
  target: 'calls',
  seed: 41,
} satisfies Plant;
