import type { Plant } from './plant.ts';

export default {
  name: 'group-reordered',
  breaks: 'The newest turns are written first.',
  oracle: ['PerPatientOrder', 'NoLoss'],
  file: 'engine/group-commit.ts',
  find: 'return this.#queue.splice(0, count);',
  replace:
    'return count < this.#queue.length && !this.#queue.some((i) => i.alone) ? this.#queue.splice(-count) : this.#queue.splice(0, count);',
  target: 'late',
  seed: 1,
} satisfies Plant;
