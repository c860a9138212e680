import type { Plant } from './plant.ts';

export default {
  name: 'suspects-side-by-side',
  breaks:
    'Records that were under way at an earlier end run side by side: the innocent ones are accused with the one that ends the process.',
  oracle: ['OnlyCulpritParked'],
  file: 'engine/suspect-gate.ts',
  find: 'alone: root.suspect > 1',
  replace: 'alone: false',
  target: 'suspected',
  seed: 1,
} satisfies Plant;
