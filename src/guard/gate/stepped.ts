import { type Gate, GateFull } from './gate.ts';

/** The same gate without a timer: bottleneck's are the machine's, which a virtual clock cannot move. For tests and the simulator. */
export function steppedGate(slots: number, queue: number): Gate {
  const waiting: (() => void)[] = [];
  let limit = slots;
  let running = 0;
  const admit = () => {
    while (running < limit && waiting.length > 0) {
      running++;
      waiting.shift()?.();
    }
  };
  return {
    async run(work) {
      if (running >= limit && waiting.length >= queue) throw new GateFull();
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        admit();
      });
      try {
        return await work();
      } finally {
        running--;
        admit();
      }
    },
    resize(slots) {
      limit = slots;
      admit();
    },
    get free() {
      return running < limit && waiting.length === 0;
    },
    get queued() {
      return waiting.length;
    },
    get running() {
      return running;
    },
  };
}
