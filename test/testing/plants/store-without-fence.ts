import type { Plant } from './plant.ts';

export default {
  name: 'store-without-fence',
  breaks: 'The store lets a group of a stale epoch in.',
  oracle: ['SerialPerPatient', 'NoDoubleEffect'],
  file: 'testing/memory-state.ts',
  find: "if (!lane || lane.epoch !== group.epoch) return 'fenced';",
  replace: "if (!lane) return 'fenced';",
  target: 'everything',
  seed: 16,
} satisfies Plant;
