import type { Plant } from './plant.ts';

export default {
  name: 'effects-lost-on-retry',
  breaks: 'When a group is sent again after a lost connection, it goes without its rows.',
  oracle: ['NoLoss', 'WatermarkNeverPassesIncomplete'],
  file: 'engine/group-commit.ts',
  find: 'const outcomes = await this.#state.transact(groups);',
  replace: 'const outcomes = await this.#state.transact(attempt === 1 ? groups : groups.map((g) => ({ ...g, effects: [] })));',
  target: 'everything',
  seed: 17,
} satisfies Plant;
