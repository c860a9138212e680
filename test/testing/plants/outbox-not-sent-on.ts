import type { Plant } from './plant.ts';

export default {
  name: 'outbox-not-sent-on',
  breaks: 'What came while an append was under way is not sent behind it.',
  oracle: ['ProgressAfterFaults', 'NoLeakedAck'],
  file: 'engine/outbox.ts',
  find: '    if (this.#queue.length > 0) this.#wait();\n    else for',
  replace: '    if (this.#queue.length === 0) for',
  target: 'busy',
  seed: 3,
} satisfies Plant;
