import type { Plant } from './plant.ts';

export default {
  name: 'merge-place-taken-along',
  breaks: 'A place kept for a state that another source has taken goes along with what is held, and is never filled.',
  oracle: ['NoLoss', 'ProgressAfterFaults', 'Invariant'],
  file: 'engine/merging.ts',
  find: 'if (!isDone(row, link)) this.#forward',
  replace: 'this.#forward',
  target: 'merges-of-two',
  seed: 69,
} satisfies Plant;
