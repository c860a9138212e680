/**
 * The process of the EHR's front: `node --expose-gc front-child.ts <url of the EHR>`. Apart from the EHR, whose records
 * took 10 to 28 ms to look through when garbage was collected: calls that came meanwhile counted against the product.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startFront } from './front.ts';
import type { FromFront, ToFront } from './messages.ts';

const resolution = 1;
const tell = (message: FromFront): void => void process.send?.(message);
const front = await startFront(process.argv[2] ?? '');
const delay = monitorEventLoopDelay({ resolution });
delay.enable();
process.on('message', (message: ToFront) => {
  if (message.kind === 'reads') {
    const { user, system } = process.cpuUsage();
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution);
    const lateness = { p999Ms: late(delay.percentile(99.9)), maxMs: late(delay.max) };
    tell({ kind: 'reads', reads: front.taken(), cpuSeconds: (user + system) / 1e6, lateness });
    // What the run before left is not collected in the next one.
    (globalThis as { gc?: () => void }).gc?.();
    return delay.reset();
  }
  front.manner = message;
  return tell({ kind: 'set' });
});
// The runner is gone: nobody measures any more.
process.on('disconnect', () => process.exit(0));
tell({ kind: 'ready', fhirBase: `${front.url}/fhir` });
