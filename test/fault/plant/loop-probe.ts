/**
 * Loaded into the product with `--import`: each SIGUSR2 adds a line to LOOP_PROBE: the most CPU time, in milliseconds, that
 * the main thread took between two looks of a timer of 5 ms since the line before. On a machine that others share this tells
 * what the product itself held the event loop up for, where a clock tells how long it waited for a core.
 */
import { appendFileSync } from 'node:fs';

const file = process.env['LOOP_PROBE'];
if (file === undefined) throw new Error('the probe needs LOOP_PROBE');
let before = process.threadCpuUsage();
let longest = 0;
setInterval(() => {
  const { user, system } = process.threadCpuUsage(before);
  longest = Math.max(longest, (user + system) / 1000);
  before = process.threadCpuUsage();
}, 5).unref();
process.on('SIGUSR2', () => {
  appendFileSync(file, `${longest}\n`);
  longest = 0;
});
