import type { Plant } from './plant.ts';

export default {
  name: 'merge-place-left-behind',
  breaks: 'A place that another source keeps for a merge is not looked at again when the state comes, or the patient goes on.',
  oracle: ['NoLoss', 'ProgressAfterFaults', 'Invariant'],
  file: 'engine/merging.ts',
  find: '    for (const lane of this.#lane.siblings) {\n      const patient = lane.held.get(key);\n      if (patient) patient.placeTried',
  replace: '    for (const lane of [this.#lane]) {\n      const patient = lane.held.get(key);\n      if (patient) patient.placeTried',
  target: 'merges-of-two',
  seed: 3,
} satisfies Plant;
