import type { Plant } from './plant.ts';

export default {
  name: 'redrive-before-claimed',
  breaks: 'A redrive runs what is held of a patient before the lanes of all its sources are claimed.',
  oracle: ['ProgressAfterFaults', 'EmissionsMatch', 'Invariant', 'PerPatientOrder', 'NoDoubleEffect'],
  file: 'engine/co-partition.ts',
  find: '  complete = false;',
  replace: '  complete = true;',
  target: 'merged',
  seed: 109,
} satisfies Plant;
