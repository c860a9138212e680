import type { Plant } from './plant.ts';

export default {
  name: 'later-turns-kept',
  breaks: 'A turn is refused by the database, and what its patient did afterwards is written all the same.',
  oracle: ['PerPatientOrder', 'NoDoubleEffect', 'Invariant'],
  file: 'engine/turns.ts',
  find: '      other.withdrawn = true;',
  replace: '      other.withdrawn = false;',
  target: 'everything',
  seed: 18,
} satisfies Plant;
