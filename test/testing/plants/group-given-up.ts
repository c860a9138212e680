import type { Plant } from './plant.ts';

export default {
  name: 'group-given-up',
  breaks: 'A group whose store does not answer is dropped after the second try.',
  oracle: ['NoLeakedAck', 'ProgressAfterFaults'],
  file: 'engine/group-commit.ts',
  find: '        if (this.#closed) return undefined;',
  replace: '        if (this.#closed || attempt >= 2) return undefined;',
  target: 'everything',
  seed: 68,
} satisfies Plant;
