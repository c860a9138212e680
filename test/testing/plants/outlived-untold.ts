import type { Plant } from './plant.ts';

export default {
  name: 'outlived-untold',
  breaks: 'A worker that lost its partitions and lives leaves the notes of its tries: they count as ends of the process.',
  oracle: ['OnlyCulpritParked'],
  file: 'engine/suspect-gate.ts',
  find: 'host.outlived.tell(ref, epoch, told);',
  replace: '',
  target: 'cut-off',
  seed: 22,
} satisfies Plant;
