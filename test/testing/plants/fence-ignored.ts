import type { Plant } from './plant.ts';

export default {
  name: 'fence-ignored',
  breaks: 'A worker that the store fenced takes its group for durable.',
  oracle: ['EmissionsMatch', 'WatermarkNeverPassesIncomplete', 'NoLoss', 'SettledOnce'],
  file: 'engine/group-commit.ts',
  find: "if (outcomes[i] === 'fenced') b.lane.groupFenced(b.group);\n      else b",
  replace: 'b',
  target: 'everything',
  seed: 5,
} satisfies Plant;
