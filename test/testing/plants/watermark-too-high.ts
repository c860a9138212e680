import type { Plant } from './plant.ts';

export default {
  name: 'watermark-too-high',
  breaks: 'The applied set covers a record that is not durable.',
  oracle: ['NoLoss'],
  file: 'engine/offset-tracker.ts',
  find: '    const runs: [number, number][] = [];\n    let run:',
  replace:
    '    if (i < this.#entries.length) {\n      const above = { watermark: watermark + 1, runs: [] as [number, number][], hops: hops ?? this.#base.hops };\n      return above;\n    }\n    const runs: [number, number][] = [];\n    let run:',
  target: 'everything',
  seed: 1,
} satisfies Plant;
