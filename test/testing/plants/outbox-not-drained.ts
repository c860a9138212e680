import type { Plant } from './plant.ts';

export default {
  name: 'outbox-not-drained',
  breaks: 'A new owner does not send what the last one left in the outbox.',
  oracle: ['EmissionsMatch'],
  file: 'engine/lane.ts',
  find: 'for (const { group, records } of claimed.outbox) this.outbox.group(group, records, () => this.inherited--);',
  replace: 'this.inherited = 0;',
  target: 'everything',
  seed: 1,
} satisfies Plant;
