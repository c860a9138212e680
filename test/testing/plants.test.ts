import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plants } from './plants/all.ts';
import { firstCaught } from './plants/catch.ts';
import { withBug } from './plants/plant.ts';

const all = await plants();
/** Behind the seed that is known to catch it; `node scripts/plants.ts` runs 500. */
const few = Array.from({ length: 25 }, (_, i) => i + 1);

describe('planted bugs', () => {
  it('are at least 20, each with a name of its own that is its file’s', () => {
    assert.ok(all.length >= 20, `${all.length} plants`);
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  });

  it('a plant whose text no longer stands in the code fails loudly', () => {
    const [plant] = all;
    assert.ok(plant);
    assert.throws(() => withBug({ ...plant, find: 'text that nobody wrote' }), /stands 0 times/);
    assert.throws(() => withBug({ ...plant, find: 'const ' }), /stands \d+ times/);
  });

  it('every planted bug is caught by an oracle that was named for it', async (t) => {
    for (const plant of all) {
      await t.test(plant.name, async () => {
        const caught = await firstCaught(plant, [plant.seed, ...few]);
        assert.ok(caught, `${plant.name} was not caught: ${plant.breaks}`);
      });
    }
  });
});
