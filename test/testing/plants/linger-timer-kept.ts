import type { Plant } from './plant.ts';

export default {
  name: 'linger-timer-kept',
  breaks: 'After the first time none is set any more: only the end of ready turns sends.',
  oracle: ['EmissionsLeave'],
  file: 'engine/linger.ts',
  find: '    this.#cancel = undefined;\n',
  replace: '',
  target: 'busy',
  seed: 1,
} satisfies Plant;
