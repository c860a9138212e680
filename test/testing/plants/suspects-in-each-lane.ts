import type { Plant } from './plant.ts';

export default {
  name: 'suspects-in-each-lane',
  breaks: 'A record under suspicion runs alone in its partition only.',
  oracle: ['OnlyCulpritParked'],
  file: 'engine/suspicion.ts',
  find: 'leave.alone ? 1 : together',
  replace: 'together',
  target: 'suspected',
  seed: 1,
} satisfies Plant;
