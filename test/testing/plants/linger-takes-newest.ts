import type { Plant } from './plant.ts';

export default {
  name: 'linger-takes-newest',
  breaks: 'Of the lanes that wait together only the newest is sent, the others are forgotten.',
  oracle: ['ProgressAfterFaults', 'NoLeakedAck'],
  file: 'engine/linger.ts',
  find: '    for (const send of waiting) send();',
  replace: '    waiting.at(-1)?.();',
  target: 'busy',
  seed: 1,
} satisfies Plant;
