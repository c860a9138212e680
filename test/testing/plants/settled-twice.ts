import type { Plant } from './plant.ts';

export default {
  name: 'settled-twice',
  breaks: 'A root settles when its group is durable and again when its emissions are in the log.',
  oracle: ['SettledOnce'],
  file: 'engine/lane.ts',
  find: '    for (const item of items) item.durable();\n    this.outbox.group',
  replace:
    "    for (const item of items) {\n      item.durable();\n      if (item.root?.kind === 'log' && item instanceof EngineTurn && item.outbox) this.host.settled(this, item.root, item.settlement);\n    }\n    this.outbox.group",
  target: 'everything',
  seed: 1,
} satisfies Plant;
