import type { Plant } from './plant.ts';

export default {
  name: 'held-head-while-reading',
  breaks: 'A row that becomes durable while the rows behind it are being read becomes the head: the read’s first one is passed by.',
  oracle: ['PerPatientOrder'],
  file: 'engine/holding.ts',
  find: 'else if (!patient.head',
  replace: 'if (!patient.head',
  target: 'everything',
  seed: 1,
} satisfies Plant;
