import type { Plant } from './plant.ts';

export default {
  name: 'stop-leaves-notes',
  breaks: 'A worker that stops in good order leaves the notes of functions that go on: its end counts as theirs.',
  oracle: ['OnlyCulpritParked'],
  file: 'engine/outlived.ts',
  find: '    for (const { lane, epoch, offsets } of this.#running) this.tell(lane, epoch, offsets);\n',
  replace: '',
  target: 'heedless',
  seed: 3,
} satisfies Plant;
