import type { Plant } from './plant.ts';

export default {
  name: 'runs-forgotten',
  breaks: 'What was applied above the watermark is not remembered for the next owner.',
  oracle: ['NoDoubleEffect'],
  file: 'engine/offset-tracker.ts',
  find: 'return { watermark, runs, hops: hops ?? this.#base.hops };',
  replace: 'return { watermark, runs: [], hops: hops ?? this.#base.hops };',
  target: 'everything',
  seed: 2,
} satisfies Plant;
