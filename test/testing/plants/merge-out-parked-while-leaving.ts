import type { Plant } from './plant.ts';

export default {
  name: 'merge-out-parked-while-leaving',
  breaks: 'The merge of a held patient is parked, and what is on its list never runs again.',
  oracle: ['NoLoss', 'ProgressAfterFaults', 'Invariant'],
  file: 'engine/merging.ts',
  find: '    leaving.patient.active = false;\n  }',
  replace: '  }',
  target: 'merges-of-two',
  seed: 43,
} satisfies Plant;
