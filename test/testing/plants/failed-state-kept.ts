import type { Plant } from './plant.ts';

export default {
  name: 'failed-state-kept',
  breaks: 'The state of a failed turn is not put back.',
  oracle: ['Invariant'],
  file: 'engine/failing.ts',
  find: 'if (mailbox.cells) for (const cell of mailbox.cells) cell.restore();',
  replace: '',
  target: 'late',
  seed: 1,
} satisfies Plant;
