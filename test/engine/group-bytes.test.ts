import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actor, effect, flow, process, table, write } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events } from './review-support.ts';

const patients = 300;
const large = 20_000;
const maxBytes = 500_000;
const documents = table<{ patient: string; text: string; tree: unknown; bytes: Uint8Array }>('document', {
  columns: { patient: { type: 'text' }, text: { type: 'text' }, tree: { type: 'json', nullable: true }, bytes: { type: 'bytes' } },
  key: ['patient'],
});
const filler = 'x'.repeat(large);
const row = (patient: string, given: object) =>
  effect.upsert(documents, { patient, text: '', tree: null, bytes: new Uint8Array(), ...given });

describe('a transaction is bounded by the bytes of', () => {
  for (const [what, given] of [
    ['texts of rows', { text: filler }],
    ['trees of rows', { tree: { list: [{ text: filler }] } }],
    ['bytes of rows', { bytes: Buffer.alloc(large) }],
  ] as const)
    it(what, async () => {
      const driver = await TestDriver.start<Event>(
        flow('documents')
          .from(events)
          .pipe(write('document', { tables: [documents], effects: (_, ctx) => row(ctx.key, given) })),
        { engine: { group: { maxTurns: 1000, maxBytes } } },
      );
      await driver.send(...Array.from({ length: patients }, (_, n) => ({ key: `p${n}`, value: { n, kind: 'x' } })));
      await driver.advance(5_000);
      assert.equal(driver.running.totals().done, patients);
      const most = Math.max(...driver.state.journal.map(({ effects }) => effects.length));
      assert.ok(most * large <= maxBytes, `${most} rows in one group`);
      await driver.stop();
    });

  it('what timers carry', async () => {
    const waking = actor<{ n: number }, Event, Event>({
      timer: () => ({}),
      version: 1,
      initial: () => ({ n: 0 }),
      receive: (_, __, ctx) => ({ timers: [{ name: 'wake', at: ctx.now + 3_600_000, payload: filler }] }),
    });
    const driver = await TestDriver.start<Event>(flow('waking').from(events).pipe(process('wake', waking)), {
      engine: { group: { maxTurns: 1000, maxBytes } },
    });
    await driver.send(...Array.from({ length: patients }, (_, n) => ({ key: `p${n}`, value: { n, kind: 'x' } })));
    await driver.advance(5_000);
    const { done = 0, skipped = 0 } = driver.running.totals();
    assert.equal(done + skipped, patients);
    const most = Math.max(...driver.state.journal.map(({ timers }) => timers.length));
    assert.ok(most * large <= maxBytes, `${most} timers in one group`);
    await driver.stop();
  });
});
