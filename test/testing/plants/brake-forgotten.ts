import type { Plant } from './plant.ts';

export default {
  name: 'brake-forgotten',
  breaks: 'A worker starts without asking whether the dead-letter brake is on.',
  oracle: ['BrakeHolds'],
  file: 'engine/flow-runtime.ts',
  find: "    if (this.program.order === 'tolerant')\n      await this.#persist(",
  replace: "    if (this.program.order === 'tolerant' && this.#stopped)\n      await this.#persist(",
  target: 'braked',
  seed: 3,
} satisfies Plant;
