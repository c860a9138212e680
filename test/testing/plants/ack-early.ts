import type { Plant } from './plant.ts';

export default {
  name: 'ack-early',
  breaks: 'A root counts as settled when its turn ends, before its group is durable.',
  oracle: ['WatermarkNeverPassesIncomplete'],
  file: 'engine/turns.ts',
  find: '      mailbox.undurable.push(turn);\n      lane.commit(turn);\n    } else if (emitted > 0) {',
  replace:
    '      if (turn.root.entry) turn.root.entry.settled = true;\n      mailbox.undurable.push(turn);\n      lane.commit(turn);\n    } else if (emitted > 0) {',
  target: 'everything',
  seed: 1,
} satisfies Plant;
