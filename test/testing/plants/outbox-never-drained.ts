import type { Plant } from './plant.ts';

export default {
  name: 'outbox-never-drained',
  breaks: 'Nobody is told that an outbox is empty: a new owner waits for ever for what it inherited.',
  oracle: ['ProgressAfterFaults', 'NoLeakedAck'],
  file: 'engine/outbox.ts',
  find: '    else for (const resolve of this.#idle.splice(0)) resolve();\n  }\n\n  #take',
  replace: '  }\n\n  #take',
  target: 'busy',
  seed: 1,
} satisfies Plant;
