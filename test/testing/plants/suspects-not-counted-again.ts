import type { Plant } from './plant.ts';

export default {
  name: 'suspects-not-counted-again',
  breaks: 'A record is parked by the notes that stood when its lane was claimed, whoever took his back since.',
  oracle: ['OnlyCulpritParked'],
  file: 'engine/suspect-gate.ts',
  find: 'return this.#countedAgain(root, mailbox);',
  replace: 'return true;',
  target: 'cut-off',
  seed: 1,
} satisfies Plant;
