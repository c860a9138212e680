import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startFlow } from '../../src/engine/index.ts';
import { actor, flow, mapAsync, process, rekey, to, topic } from '../../src/index.ts';
import { partitionOf } from '../../src/log/murmur2.ts';
import { header } from '../../src/log/port.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { memoryRegistry } from '../../src/testing/memory-registry.ts';
import { seededRandom } from '../../src/testing/virtual-clock.ts';

interface Move {
  readonly n: number;
  readonly ward: string;
}
const schema = {
  type: 'record',
  name: 'Move',
  fields: [
    { name: 'n', type: 'int' },
    { name: 'ward', type: 'string' },
  ],
};
const moves = topic<Move>('moves', schema, { partitions: 4 });
const byWard = topic<Move>('moves.by-ward', schema, { partitions: 3, key: 'ward' });
const census = topic<number>('census', 'int', { partitions: 3, key: 'ward' });

const regroup = flow('regroup')
  .from(moves)
  .pipe(rekey((move) => move.ward, byWard));
const remembering = flow('remembering')
  .from(moves)
  .pipe(
    process('seen', actor({ version: 1, initial: () => 0, receive: (count: number, move: Move) => ({ state: count + 1, emit: [move] }) })),
    rekey((move) => move.ward, byWard),
  );
const move = (n: number, key: string, ward: string) => ({ key, value: { n, ward }, eventId: `${key}-${n}` });

describe('rekey', () => {
  it('puts each record into the partition of its new key, with a deterministic id, in the order of the old one', async () => {
    for (const made of [regroup, remembering]) {
      const driver = await TestDriver.start<Move>(made);
      for (let n = 0; n < 12; n++) await driver.send(move(n, 'p1', `w${n % 3}`), move(n, 'p2', `w${n % 2}`));
      await driver.advance(1000);
      const emitted = await driver.emitted(byWard);
      assert.equal(emitted.length, 24);
      for (const { key, value, partition, headers } of emitted) {
        assert.equal(key, value.ward);
        assert.equal(partition, partitionOf(value.ward, 3));
        assert.match(headers[header.eventId] ?? '', /^p[12]-\d+:moves\.by-ward:0$/);
      }
      for (const ward of ['w0', 'w1', 'w2']) {
        const ns = emitted
          .filter(({ key, headers }) => key === ward && headers[header.eventId]?.startsWith('p1'))
          .map(({ value }) => value.n);
        assert.deepEqual(
          ns,
          [...ns].sort((a, b) => a - b),
        );
      }
      await driver.stop();
    }
  });

  it('a value without a key fails its patient, by a code of its own', async () => {
    const driver = await TestDriver.start<Move>(regroup);
    await driver.send(move(0, 'p1', ''), move(0, 'p2', 'w1'));
    await driver.advance(500);
    assert.deepEqual(
      (await driver.held()).map(({ key, head }) => [key, head.errorCode]),
      [['p1', 'AORTA_FLOW_021']],
    );
    assert.equal((await driver.emitted(byWard)).length, 1);
    await driver.stop();
  });

  it('a second flow has one turn at a time per new key, over all old keys, and drops what was produced twice', async () => {
    let appends = 0;
    const fault = (call: string) => (call === 'append' && ++appends % 3 === 0 ? 'lost-reply' : 'none') as 'none';
    const driver = await TestDriver.start<Move>(remembering, { fault });
    const running = new Map<string, number>();
    let most = 0;
    const counting = flow('counting')
      .from(byWard)
      .pipe(
        mapAsync('look', async (value, ctx) => {
          const now = (running.get(ctx.key) ?? 0) + 1;
          running.set(ctx.key, now);
          most = Math.max(most, now);
          await new Promise<void>((resolve) => void driver.clock.after(3, resolve));
          running.set(ctx.key, now - 1);
          return value;
        }),
        process('count', actor({ version: 1, initial: () => 0, receive: (count: number) => ({ state: count + 1, emit: [count + 1] }) })),
        to(census),
      );
    // The driver's registry is its own: here the schema gets the same number.
    const registry = await memoryRegistry();
    await serdeFor(registry, byWard);
    const second = await driver.until(
      startFlow(counting, {
        log: driver.log,
        state: driver.state,
        clock: driver.clock,
        random: seededRandom(3),
        telemetry: silentTelemetry,
        serde: (t) => serdeFor(registry, t),
        partitions: (t) => driver.log.partitions(t),
      }),
    );
    for (let n = 0; n < 30; n++) {
      await driver.send(move(n, `p${n % 5}`, `w${n % 3}`));
      if (n === 11) await driver.crash();
    }
    await driver.advance(20_000);
    assert.equal(most, 1);
    const written = driver.log.all(byWard.name).flat().length;
    assert.ok(written > 30, `${written} records for 30 moves: some were produced twice`);
    assert.deepEqual(
      ['w0', 'w1', 'w2'].map((ward) => driver.state.stateOf('counting', 'count', ward)),
      [10, 10, 10],
    );
    await driver.until(second.stop());
    await driver.stop();
  });
});
