import type { Plant } from './plant.ts';

export default {
  name: 'held-numbers-restart',
  breaks: 'Rows on the held list are numbered anew by each owner: what the next one adds sorts before what was there.',
  oracle: ['PerPatientOrder', 'NoLoss', 'ProgressAfterFaults', 'NoLeakedAck'],
  file: 'engine/held-list.ts',
  find: 'this.#epochBase = epoch * 2 ** 32;',
  replace: 'this.#epochBase = epoch * 0;',
  target: 'everything',
  seed: 5,
} satisfies Plant;
