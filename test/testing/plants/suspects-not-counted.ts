import type { Plant } from './plant.ts';

export default {
  name: 'suspects-not-counted',
  breaks: 'The tries of a record that ends the process are noted and never added up.',
  oracle: ['ProgressAfterFaults'],
  file: 'engine/suspect-gate.ts',
  find: '(deaths.get(offset) ?? 0) + (counts ? 1 : 0)',
  replace: 'counts ? 1 : 0',
  target: 'everything',
  seed: 1,
} satisfies Plant;
