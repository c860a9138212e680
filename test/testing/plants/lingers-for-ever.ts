import type { Plant } from './plant.ts';

export default {
  name: 'lingers-for-ever',
  breaks: 'An outbox that was sent once believes that it still waits for its time.',
  oracle: ['ProgressAfterFaults', 'NoLeakedAck'],
  file: 'engine/outbox.ts',
  find: '      this.#lingers = false;\n',
  replace: '',
  target: 'busy',
  seed: 1,
} satisfies Plant;
