import type { Plant } from './plant.ts';

export default {
  name: 'held-removed-early',
  breaks: 'The row of a held envelope is removed when its turn begins, not with what the turn decided.',
  oracle: ['NoLoss', 'ProgressAfterFaults', 'NoLeakedAck', 'WatermarkNeverPassesIncomplete'],
  file: 'engine/holding.ts',
  find: '    const own = lane.mailbox(key);\n    own.push({ ...this.#root(head), suspect: lane.suspects.ofHeld(head) });',
  replace:
    "    const own = lane.mailbox(key);\n    lane.host.commit(lane.mark({ held: [{ op: 'remove', key, seq: head.seq }] }));\n    own.push({ ...this.#root(head), suspect: lane.suspects.ofHeld(head) });",
  target: 'late',
  seed: 1,
} satisfies Plant;
