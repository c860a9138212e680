import type { Plant } from './plant.ts';

export default {
  name: 'outbox-overtaken',
  breaks: 'A failed append is tried again behind what came meanwhile.',
  oracle: ['EmissionsMatch'],
  file: 'engine/outbox.ts',
  find: '      if (records.length > 0) await this.#untilAppended(records);',
  replace:
    '      if (records.length > 0) {\n        try {\n          await this.#from.log.append(records);\n        } catch {\n          await new Promise<void>((resolve) => this.#from.clock.after(200, resolve));\n          this.#busy = false;\n          if (this.#closed) return;\n          this.#queue.push(...batches);\n          return this.#wait();\n        }\n      }',
  target: 'everything',
  seed: 18,
} satisfies Plant;
