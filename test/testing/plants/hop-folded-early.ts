import type { Plant } from './plant.ts';

export default {
  name: 'hop-folded-early',
  breaks:
    'Hop numbers join the applied set when a record is delivered, not when the watermark passes it: after a crash it is taken for its own duplicate.',
  oracle: ['NoLoss'],
  file: 'engine/offset-tracker.ts',
  find: 'return { watermark, runs, hops: hops ?? this.#base.hops };',
  replace: 'return { watermark, runs, hops: { ...this.#base.hops, ...Object.fromEntries(this.#seen) } };',
  target: 'everything',
  seed: 1,
} satisfies Plant;
