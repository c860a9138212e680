import type { Plant } from './plant.ts';

export default {
  name: 'held-overtaken',
  breaks: 'New envelopes do not queue behind what is held of their patient.',
  oracle: ['PerPatientOrder'],
  file: 'engine/lane.ts',
  find: '    const held = this.held.get(root.key);\n    if (held && !',
  replace: '    const held = this.held.get(root.eventId);\n    if (held && !',
  target: 'everything',
  seed: 2,
} satisfies Plant;
