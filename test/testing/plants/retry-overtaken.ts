import type { Plant } from './plant.ts';

export default {
  name: 'retry-overtaken',
  breaks: 'A failed envelope is tried again behind the later ones of its patient.',
  oracle: ['PerPatientOrder'],
  file: 'engine/failing.ts',
  find: '    mailbox.unshift([root]);\n    mailbox.cancelRetry?.();',
  replace: '    mailbox.push(root);\n    mailbox.cancelRetry?.();',
  target: 'everything',
  seed: 1,
} satisfies Plant;
