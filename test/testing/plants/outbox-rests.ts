import type { Plant } from './plant.ts';

export default {
  name: 'outbox-rests',
  breaks: 'After an append that had to be tried again a lane sends nothing for a while.',
  oracle: ['EmissionsLeave'],
  file: 'engine/outbox.ts',
  find: '        await this.#from.log.append(records);\n        return;',
  replace:
    '        await this.#from.log.append(records);\n        if (attempt > 1) await new Promise<void>((resolve) => this.#from.clock.after(200, resolve));\n        return;',
  target: 'lanes',
  seed: 14,
} satisfies Plant;
