import type { Plant } from './plant.ts';

export default {
  name: 'timers-not-loaded',
  breaks: 'A new owner does not read the timers that are due.',
  oracle: ['ProgressAfterFaults', 'Invariant'],
  file: 'engine/flow-runtime.ts',
  find: '    await each.timers.load();',
  replace: '',
  target: 'timers',
  seed: 1,
} satisfies Plant;
