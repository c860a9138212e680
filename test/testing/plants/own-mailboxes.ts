import type { Plant } from './plant.ts';

export default {
  name: 'own-mailboxes',
  breaks: 'Each source has mailboxes of its own: two turns of a patient at once, on two copies of its state.',
  oracle: ['Invariant', 'SerialPerPatient'],
  file: 'engine/co-partition.ts',
  find: 'let patients = this.#patients.get(lane.ref.lane);',
  replace: 'let patients: Patients | undefined;',
  target: 'merged',
  seed: 1,
} satisfies Plant;
