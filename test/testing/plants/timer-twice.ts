import type { Plant } from './plant.ts';

export default {
  name: 'timer-twice',
  breaks: 'A timer that fired is not deleted with its turn.',
  oracle: ['SettledOnce', 'EmissionsMatch', 'Invariant', 'ProgressAfterFaults'],
  file: 'engine/turns.ts',
  find: '      turn.timers = [...(turn.timers ?? []), { ...root.timer, due: null }];',
  replace: '      turn.timers = [...(turn.timers ?? [])];',
  target: 'timers',
  seed: 1,
} satisfies Plant;
