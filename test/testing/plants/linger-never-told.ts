import type { Plant } from './plant.ts';

export default {
  name: 'linger-never-told',
  breaks: 'While turns are ready nothing leaves: no end of them is told, and no time is set.',
  oracle: ['EmissionsLeave'],
  file: 'engine/linger.ts',
  find: '    this.#cancel ??= this.#clock.after(mostMs, () => this.#now());\n  }\n\n  /** Of one that waits already. */\n  more(bytes: number): void {\n    this.#bytes += bytes;\n    if (this.#scheduled || (this.#bytes < enoughBytes && this.#busy())) return;\n    this.#scheduled = true;\n    this.#clock.soon(() => this.#now());\n  }\n\n  /** No turn is ready now. */\n  idle(): void {\n    if (this.#waiting.length > 0) this.#now();\n  }\n\n',
  replace:
    '  }\n\n  /** Of one that waits already. */\n  more(bytes: number): void {\n    this.#bytes += bytes;\n    if (this.#scheduled || (this.#bytes < enoughBytes && this.#busy())) return;\n    this.#scheduled = true;\n    this.#clock.soon(() => this.#now());\n  }\n\n  /** No turn is ready now. */\n  idle(): void {\n  }\n\n',
  target: 'busy',
  seed: 1,
} satisfies Plant;
