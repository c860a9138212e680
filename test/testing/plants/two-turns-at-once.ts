import type { Plant } from './plant.ts';

export default {
  name: 'two-turns-at-once',
  breaks: 'The next turn of a patient starts while one is running.',
  oracle: ['SerialPerPatient'],
  file: 'engine/turns.ts',
  find: 'lane.refused || mailbox.running || mailbox.loading',
  replace: 'lane.refused || mailbox.loading',
  target: 'late',
  seed: 16,
} satisfies Plant;
