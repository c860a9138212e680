import type { Plant } from './plant.ts';

export default {
  name: 'spill-reorders',
  breaks: 'What moves to the held list to free credits moves in the wrong order.',
  oracle: ['PerPatientOrder'],
  file: 'engine/holding.ts',
  find: 'const queued = mailbox.take(lane);',
  replace: 'const queued = mailbox.take(lane).reverse();',
  target: 'late',
  seed: 1,
} satisfies Plant;
