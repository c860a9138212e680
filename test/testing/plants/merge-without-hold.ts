import type { Plant } from './plant.ts';

export default {
  name: 'merge-without-hold',
  breaks: 'The survivor does not wait for the state of the merged patient.',
  oracle: ['Invariant'],
  file: 'engine/merging.ts',
  find: '      turn.holdsFor = order.id;\n      turn.done();',
  replace: '      turn.done();',
  target: 'merges',
  seed: 3,
} satisfies Plant;
