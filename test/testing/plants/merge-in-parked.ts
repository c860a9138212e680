import type { Plant } from './plant.ts';

export default {
  name: 'merge-in-parked',
  breaks: 'A state that comes for a merge is taken for the record that ends the process, and parked behind the place that waits for it.',
  oracle: ['NoLoss', 'ProgressAfterFaults', 'Invariant'],
  file: 'engine/turns.ts',
  find: 'isPoison(root) && !(lane.program.merges && isArrival(root))',
  replace: 'isPoison(root)',
  target: 'merges-of-two',
  seed: 43,
} satisfies Plant;
