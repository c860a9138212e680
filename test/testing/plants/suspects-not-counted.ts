import type { Plant } from './plant.ts';

export default {
  name: 'suspects-not-counted',
  breaks: 'The attempts of a record that ends the process are noted and never added up.',
  oracle: ['ProgressAfterFaults'],
  file: 'engine/suspect-gate.ts',
  find: 'attempts: root.suspect }] }, () => {\n      if',
  replace: 'attempts: 1 }] }, () => {\n      if',
  target: 'everything',
  seed: 1,
} satisfies Plant;
