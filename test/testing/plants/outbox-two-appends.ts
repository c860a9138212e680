import type { Plant } from './plant.ts';

export default {
  name: 'outbox-two-appends',
  breaks: 'An outbox does not wait for its append before it sends what came meanwhile.',
  oracle: ['EmissionsMatch', 'PerPatientOrder'],
  file: 'engine/outbox.ts',
  find: '    else if (!this.#busy) this.#wait();',
  replace: '    else this.#wait();',
  target: 'busy',
  seed: 2,
} satisfies Plant;
