import type { Plant } from './plant.ts';

export default {
  name: 'refused-state-kept',
  breaks: 'A turn is refused by the database, and its patient goes on with the state that it left in memory.',
  oracle: ['Invariant'],
  file: 'engine/turns.ts',
  find: '    mailbox.cells = undefined;\n    mailbox.alone = true;',
  replace: '    mailbox.alone = true;',
  target: 'late',
  seed: 18,
} satisfies Plant;
