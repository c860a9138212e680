import type { Plant } from './plant.ts';

export default {
  name: 'ack-before-sent-stateless',
  breaks: 'A flow without state settles a root before its emission is in the log.',
  oracle: ['WatermarkNeverPassesIncomplete'],
  file: 'engine/turns.ts',
  find: 'lane.outbox.direct(turn);',
  replace:
    'lane.outbox.direct({ group: undefined, records: turn.records, sent: () => {} });\n      lane.settle(turn.root, turn.settlement);',
  target: 'calls',
  seed: 2,
} satisfies Plant;
