import type { Plant } from './plant.ts';

export default {
  name: 'merge-forgets-held',
  breaks: 'What the merged patient had on the held list is not taken along.',
  oracle: ['NoLoss'],
  file: 'engine/merging.ts',
  find: '    for (const row of leaving.rows) if (!isDone(row, link)) this.#forward(turn, row, to, this.#behind(row.headers, link, id));',
  replace: '',
  target: 'merges',
  seed: 1,
} satisfies Plant;
