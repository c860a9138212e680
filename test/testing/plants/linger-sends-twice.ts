import type { Plant } from './plant.ts';

export default {
  name: 'linger-sends-twice',
  breaks: 'Those that were sent are sent again with the next ones.',
  oracle: ['EmissionsMatch', 'PerPatientOrder', 'NoUnhandledRejection'],
  file: 'engine/linger.ts',
  find: '    this.#waiting = [];\n    for (const send',
  replace: '    this.#waiting = waiting.slice(0, 1);\n    for (const send',
  target: 'busy',
  seed: 2,
} satisfies Plant;
