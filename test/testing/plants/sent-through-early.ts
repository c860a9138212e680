import type { Plant } from './plant.ts';

export default {
  name: 'sent-through-early',
  breaks: '`sent_through` moves when a group is queued for sending, before it is in the log.',
  oracle: ['EmissionsMatch'],
  file: 'engine/outbox.ts',
  find: '    this.#push({ group, sent, records: records.map(',
  replace: '    this.sentThrough = group;\n    this.#push({ group, sent, records: records.map(',
  target: 'everything',
  seed: 5,
} satisfies Plant;
