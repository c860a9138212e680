import type { Plant } from './plant.ts';

export default {
  name: 'commit-past-incomplete',
  breaks: 'The committed offset is that of the last delivered record, whatever is open below it.',
  oracle: ['WatermarkNeverPassesIncomplete'],
  file: 'engine/offset-tracker.ts',
  find: '    return this.#settledHead < this.#entries.length ? (this.#entries[this.#settledHead] as Entry).offset : this.#next;\n  }\n\n  /** The lowest',
  replace: '    return this.#next;\n  }\n\n  /** The lowest',
  target: 'everything',
  seed: 1,
} satisfies Plant;
