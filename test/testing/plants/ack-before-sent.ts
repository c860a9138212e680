import type { Plant } from './plant.ts';

export default {
  name: 'ack-before-sent',
  breaks: 'A root settles when its group is durable, before its emissions are in the log.',
  oracle: ['WatermarkNeverPassesIncomplete'],
  file: 'engine/lane.ts',
  find: '    for (const item of items) item.durable();\n    this.outbox.group',
  replace:
    '    for (const item of items) {\n      item.durable();\n      if (item.root?.entry) item.root.entry.settled = true;\n    }\n    this.outbox.group',
  target: 'everything',
  seed: 1,
} satisfies Plant;
