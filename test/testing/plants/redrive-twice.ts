import type { Plant } from './plant.ts';

export default {
  name: 'redrive-twice',
  breaks: 'A redrive request that was taken is taken again when the list names it once more.',
  oracle: ['NoDoubleEffect'],
  file: 'engine/holding.ts',
  find: '    if (lane.co.redriven.has(request.id)) return;',
  replace: '',
  target: 'parked',
  seed: 6,
} satisfies Plant;
