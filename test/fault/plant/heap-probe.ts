/**
 * Loaded into the product with `--import` and `--expose-gc`: each SIGUSR2 collects garbage twice and adds a line to
 * HEAP_PROBE about what is left: bytes of heap, open handles and timers by kind, listeners of the process.
 */
import { appendFileSync } from 'node:fs';

const file = process.env['HEAP_PROBE'];
const collect = (globalThis as { gc?: () => void }).gc;
if (file === undefined || collect === undefined) throw new Error('the probe needs HEAP_PROBE and --expose-gc');
process.on('SIGUSR2', () => {
  collect();
  // What finalizers held is free after a turn of the loop.
  setImmediate(() => {
    collect();
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    appendFileSync(file, `${JSON.stringify({ heapUsed, external, arrayBuffers, resources, listeners })}\n`);
  });
});
