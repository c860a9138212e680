import type { Plant } from './plant.ts';

export default {
  name: 'revoke-without-drain',
  breaks: 'A revoke does not wait for running turns.',
  oracle: ['CleanHandover'],
  file: 'engine/flow-runtime.ts',
  find: 'while (lanes.some((lane) => lane.running > 0) && left() > 0)',
  replace: 'while (lanes.some((lane) => lane.running > 99) && left() > 0)',
  target: 'orderly',
  seed: 3,
} satisfies Plant;
