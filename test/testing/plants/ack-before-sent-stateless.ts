import type { Plant } from './plant.ts';

export default {
  name: 'ack-before-sent-stateless',
  breaks: 'A flow without state settles a root before its emission is in the log.',
  oracle: ['WatermarkNeverPassesIncomplete'],
  file: 'engine/turns.ts',
  find: 'lane.outbox.direct(turn.outbox as OutboxRecord[], () => lane.settle(turn.root, turn.settlement));',
  replace: 'lane.outbox.direct(turn.outbox as OutboxRecord[], () => {});\n      lane.settle(turn.root, turn.settlement);',
  target: 'calls',
  seed: 2,
} satisfies Plant;
