import type { Plant } from './plant.ts';

export default {
  name: 'input-forgotten',
  breaks: 'An input is stored with its turn, and its lane is not told.',
  oracle: ['Invariant', 'ProgressAfterFaults'],
  file: 'engine/holding.ts',
  find: '    if (!this.#lane.owned) return;\n    const patient = this.#lane.held.adding(row.key);',
  replace: '    if (!this.#lane.owned || row.seq % 17 === 0) return;\n    const patient = this.#lane.held.adding(row.key);',
  target: 'lanes',
  seed: 1,
} satisfies Plant;
