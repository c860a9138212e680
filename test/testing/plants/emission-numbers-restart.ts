import type { Plant } from './plant.ts';

export default {
  name: 'emission-numbers-restart',
  breaks: 'Hop numbers of emissions begin anew with each owner.',
  oracle: ['EmissionsMatch'],
  file: 'engine/outbox.ts',
  find: 'this.#sequenced(record, group * seqStride + i)',
  replace: 'this.#sequenced(record, (group % 4) * seqStride + i)',
  target: 'everything',
  seed: 1,
} satisfies Plant;
