import type { Plant } from './plant.ts';

export default {
  name: 'merge-place-left-behind',
  breaks: 'When one source merges a patient on, the place that another source keeps is not looked at again.',
  oracle: ['NoLoss', 'ProgressAfterFaults', 'Invariant'],
  file: 'engine/merging.ts',
  find: '    if (this.#lane.siblings.length > 1) this.#tryPlaces(turn.root.key);\n    const leaving',
  replace: '    const leaving',
  target: 'merges-of-two',
  seed: 43,
} satisfies Plant;
