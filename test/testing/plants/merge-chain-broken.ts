import type { Plant } from './plant.ts';

export default {
  name: 'merge-chain-broken',
  breaks: 'The halves of a merge that was under way stay where they are when the survivor is merged on.',
  oracle: ['NoLoss', 'Invariant', 'ProgressAfterFaults'],
  file: 'engine/merging.ts',
  find: 'if (link.into && (control',
  replace: 'if (link.into && root.offset < -1 && (control',
  target: 'merges',
  seed: 4,
} satisfies Plant;
