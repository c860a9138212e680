/**
 * `npm run simulate -- --seeds 10000 [--from 1]`: the flow with everything under that many seeded schedules of crashes,
 * rebalances, lost replies, pauses and clock jumps. Prints each failing seed with its script; exit code 3 if there was one.
 */
import { parseArgs } from 'node:util';
import { simulate } from '../src/testing/index.ts';
import { event, everything } from '../test/testing/flows.ts';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' } } });
const from = Number(values.from);
const count = Number(values.seeds);
const started = performance.now();
let failed = 0;
for (let seed = from; seed < from + count; seed++) {
  const { violations, script } = await simulate(everything(), { seed, event, events: 80, steps: 8, engine: { maxWaitMs: 100 } });
  if (violations.length > 0) {
    failed++;
    process.stdout.write(`seed ${seed}\n${script.join('\n')}\n${violations.map((v) => `  ${v.oracle}: ${v.message}`).join('\n')}\n`);
  }
  if (process.stderr.isTTY && seed % 20 === 0) {
    const rate = (seed - from + 1) / ((performance.now() - started) / 1000);
    process.stderr.write(
      `\r${seed - from + 1}/${count}, ${rate.toFixed(0)} seeds/s, ${((count - (seed - from + 1)) / rate).toFixed(0)} s left  `,
    );
  }
}
process.stdout.write(`${count} seeds from ${from}: ${failed} failed, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
process.exit(failed === 0 ? 0 : 3);
