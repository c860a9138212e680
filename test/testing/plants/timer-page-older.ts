import type { Plant } from './plant.ts';

export default {
  name: 'timer-page-older',
  breaks: 'A page of timers that was read before a turn became durable arms what that turn deleted.',
  oracle: ['SettledOnce', 'EmissionsMatch', 'Invariant', 'ProgressAfterFaults'],
  file: 'engine/lane-timers.ts',
  find: '      if (this.#loading) this.#changed.set(id, write);',
  replace: '',
  target: 'timers',
  seed: 2,
} satisfies Plant;
