import type { Plant } from './plant.ts';

export default {
  name: 'state-without-effects',
  breaks: 'In a large group the rows of turns with state are left out.',
  oracle: ['NoLoss', 'WatermarkNeverPassesIncomplete'],
  file: 'engine/lane.ts',
  find: '      if (item.effects) for (const effect of item.effects) group.effects.push(effect);',
  replace: '      if (item.effects && !(item.states && items.length > 3)) for (const effect of item.effects) group.effects.push(effect);',
  target: 'everything',
  seed: 1,
} satisfies Plant;
