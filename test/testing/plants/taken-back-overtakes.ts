import type { Plant } from './plant.ts';

export default {
  name: 'taken-back-overtakes',
  breaks: 'A record that was taken back with a refused turn runs in front of the rows behind which it stood.',
  oracle: ['PerPatientOrder', 'Invariant'],
  file: 'engine/holding.ts',
  find: "return root.kind === 'log' && this.#lane.held.get(root.key) !== undefined",
  replace: 'return root.offset < -1 && this.#lane.held.get(root.key) !== undefined',
  target: 'merged',
  seed: 303,
} satisfies Plant;
