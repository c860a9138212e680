import type { Plant } from './plant.ts';

export default {
  name: 'sent-skips-a-group',
  breaks: "Of emissions that were appended together only the last one's roots are settled.",
  oracle: ['ProgressAfterFaults', 'NoLeakedAck'],
  file: 'engine/outbox.ts',
  find: '          batch.sent();',
  replace: '          if (batch === batches.at(-1)) batch.sent();',
  target: 'busy',
  seed: 1,
} satisfies Plant;
