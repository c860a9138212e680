/**
 * `node scripts/plants.ts [NAME…]`: puts each planted bug (test/testing/plants) into the code, runs seeds 1 to 500 of its
 * flow until an oracle objects, and writes docs/simulator.md. A plant that is not caught, or whose seed fails without it
 * too, is an error (exit code 3). With names: only those, and nothing is written. `--pin` notes the seeds in the plants.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { simulate } from '../src/testing/index.ts';
import { plants } from '../test/testing/plants/all.ts';
import { firstCaught } from '../test/testing/plants/catch.ts';
import { targets } from '../test/testing/targets/index.ts';

const most = 500;
const root = join(import.meta.dirname, '..');
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const pin = process.argv.includes('--pin');

const rows: string[] = [];
let failed = 0;
for (const plant of await plants()) {
  if (names.length > 0 && !names.includes(plant.name)) continue;
  const caught = await firstCaught(
    plant,
    Array.from({ length: most }, (_, i) => i + 1),
  );
  const target = targets.find(({ name }) => name === plant.target);
  if (!caught || !target) {
    failed++;
    process.stdout.write(`${plant.name}: NOT CAUGHT in ${most} seeds\n`);
    continue;
  }
  // The seed is clean without the bug, or it proves nothing.
  const clean = await simulate(target.flow, { ...target.options, ...(plant.without ? { without: plant.without } : {}), seed: caught.seed });
  if (clean.violations.length > 0) {
    failed++;
    process.stdout.write(`${plant.name}: seed ${caught.seed} fails without it too: ${clean.violations[0]?.message}\n`);
    continue;
  }
  const oracles = [...new Set(caught.result.violations.map(({ oracle }) => oracle))].join(', ');
  process.stdout.write(`${plant.name}: seed ${caught.seed}, ${oracles}\n`);
  rows.push(
    `| ${plant.name} | ${plant.breaks} | \`src/${plant.file}\` | ${plant.target} | ${oracles} | ${caught.seed} | ${caught.tried} |`,
  );
  if (pin) {
    const file = join(root, 'test/testing/plants', `${plant.name}.ts`);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/\bseed: \d+/, `seed: ${caught.seed}`));
  }
}

if (names.length === 0 && failed === 0) {
  const file = join(root, 'docs/simulator.md');
  const text = readFileSync(file, 'utf8');
  const [head] = text.split('<!-- plants -->');
  const table = [
    '| plant | what goes wrong with it | in | flow | caught by | at seed | seeds tried |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ];
  writeFileSync(file, `${head}<!-- plants -->\n\n${table.join('\n')}\n`);
  execFileSync(join(root, 'node_modules/.bin/biome'), ['check', '--write', file], { cwd: root, stdio: 'ignore' });
}
process.stdout.write(`${rows.length} plants caught, ${failed} failed\n`);
process.exit(failed > 0 ? 3 : 0);
