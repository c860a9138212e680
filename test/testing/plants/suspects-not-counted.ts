import type { Plant } from './plant.ts';

export default {
  name: 'suspects-not-counted',
  breaks: 'The attempts of a record that ends the process are noted and never added up.',
  oracle: ['ProgressAfterFaults'],
  file: 'engine/suspect-gate.ts',
  find: '      this.#store([first.root], attempts + 1);',
  replace: '      this.#store([first.root], 1);',
  target: 'everything',
  seed: 1,
} satisfies Plant;
