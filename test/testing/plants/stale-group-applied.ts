import type { Plant } from './plant.ts';

export default {
  name: 'stale-group-applied',
  breaks: 'The store applies a group again whose reply was lost.',
  oracle: ['NoDoubleEffect'],
  file: 'testing/memory-state.ts',
  find: "return outcomes[i] === 'applied' && lane.group < group.group;",
  replace: "return outcomes[i] === 'applied' && lane.group <= group.group;",
  target: 'everything',
  seed: 14,
} satisfies Plant;
