import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RedriveNote } from '../../../src/state/operations.ts';
import type { Workers } from '../conformance.ts';

let made = 0;
const fresh = (): string => `flow-${++made}-${process.pid}`;
const note = (flow: string, parts: Partial<RedriveNote> = {}): RedriveNote => ({
  id: `${flow}-${++made}`,
  flow,
  eventId: 'e1',
  action: 'redrive',
  actor: 'someone',
  at: 1000,
  letter: null,
  ...parts,
});

export function operationTests(workers: Workers): void {
  describe('operators', () => {
    it('a brake is one for all workers, stays as it was put on, and is released once', async () => {
      const flow = fresh();
      const brake = { flow, reason: 'run' as const, deadLetters: 25, records: 25, at: 1_700_000_000_000 };
      assert.equal(await workers.one.operations.brake(flow), undefined);
      await workers.one.operations.putBrake(brake);
      await workers.two.operations.putBrake({ ...brake, reason: 'ratio', deadLetters: 1 });
      assert.deepEqual(await workers.two.operations.brake(flow), brake);
      assert.deepEqual(
        (await workers.two.operations.brakes()).filter((each) => each.flow === flow),
        [brake],
      );
      assert.equal(await workers.two.operations.releaseBrake(flow), true);
      assert.equal(await workers.one.operations.releaseBrake(flow), false);
      assert.equal(await workers.one.operations.brake(flow), undefined);
    });

    it('a dead letter is taken once, whoever asks; what is taken is sent in the order of its numbers', async () => {
      const flow = fresh();
      const notes = ['0/3', '0/4', '1/0'].map((letter) => note(flow, { letter, eventId: `e-${letter}` }));
      const [one, two] = await Promise.all([
        workers.one.operations.noteRedrives(notes),
        workers.two.operations.noteRedrives(notes.map((each) => ({ ...each, id: `${each.id}-again` }))),
      ]);
      assert.equal((one?.length ?? 0) + (two?.length ?? 0), 3);
      assert.ok(one?.length === 0 || two?.length === 0, 'not mixed: each call is one transaction');
      const unsent = await workers.two.operations.unsentRedrives(flow, 10);
      assert.deepEqual(
        unsent.map(({ letter }) => letter),
        ['0/3', '0/4', '1/0'],
      );
      assert.ok(unsent.every(({ seq }, i) => seq > (unsent[i - 1]?.seq ?? 0)));
      assert.deepEqual(
        (await workers.two.operations.unsentRedrives(flow, 1)).map(({ letter }) => letter),
        ['0/3'],
      );
      await workers.one.operations.redrivesSent(unsent.slice(0, 2).map(({ id }) => id));
      assert.deepEqual(
        (await workers.two.operations.unsentRedrives(flow, 10)).map(({ letter }) => letter),
        ['1/0'],
      );
      const taken = await workers.two.operations.takenLetters(flow);
      assert.deepEqual([...taken.keys()].sort(), ['0/3', '0/4', '1/0']);
      assert.deepEqual(taken.get('0/3'), { action: 'redrive', at: 1000 });
    });

    it('numbers rise over calls of several workers at once, and also after notes were forgotten', async () => {
      const flow = fresh();
      const seen: number[] = [];
      await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          (i % 2 === 0 ? workers.one : workers.two).operations.noteRedrives([
            note(flow, { letter: `0/${i}` }),
            note(flow, { letter: `1/${i}` }),
          ]),
        ),
      );
      const all = await workers.one.operations.unsentRedrives(flow, 100);
      seen.push(...all.map(({ seq }) => seq));
      assert.equal(new Set(seen).size, 24);
      await workers.one.operations.redrivesSent(all.map(({ id }) => id));
      assert.ok((await workers.one.operations.pruneRedrives(2000)) >= 24);
      await workers.one.operations.noteRedrives([note(flow, { letter: '0/99', at: 40 * 86_400_000 })]);
      const [next] = await workers.one.operations.unsentRedrives(flow, 1);
      assert.ok((next?.seq ?? 0) > Math.max(...seen));
    });

    it('what was not sent is not forgotten; a discard needs no sending', async () => {
      const flow = fresh();
      await workers.one.operations.noteRedrives([note(flow, { letter: '0/1' }), note(flow, { letter: '0/2', action: 'discard' })]);
      await workers.one.operations.pruneRedrives(10_000);
      assert.deepEqual(
        (await workers.one.operations.unsentRedrives(flow, 10)).map(({ letter }) => letter),
        ['0/1'],
      );
      assert.deepEqual([...(await workers.one.operations.takenLetters(flow)).keys()], ['0/1']);
    });

    it('a landmark is kept per partition of a source, and never goes back', async () => {
      const flow = fresh();
      const at = (partition: number, position: number) => ({
        flow,
        topic: 't',
        partition,
        position,
        offset: position - 1,
        timestamp: 1_700_000_000_000 + position,
      });
      assert.equal(await workers.one.operations.landmark(at(0, 0)), undefined);
      await workers.one.operations.putLandmarks([at(0, 5), at(1, 7)]);
      await workers.two.operations.putLandmarks([at(0, 9), at(1, 6)]);
      assert.deepEqual(await workers.one.operations.landmark(at(0, 0)), at(0, 9));
      assert.deepEqual(await workers.one.operations.landmark(at(1, 0)), at(1, 7));
    });

    it('how often an event was redriven is counted per flow and since a time, discards left out', async () => {
      const flow = fresh();
      const { operations } = workers.one;
      await operations.noteRedrives([
        note(flow, { eventId: 'a', at: 10 }),
        note(flow, { eventId: 'a', at: 20 }),
        note(flow, { eventId: 'b', at: 30 }),
      ]);
      await operations.noteRedrives([
        note(flow, { eventId: 'a', at: 40, action: 'discard' }),
        note(flow, { eventId: 'a', at: 50, action: 'single' }),
      ]);
      await operations.noteRedrives([note(fresh(), { eventId: 'a', at: 60 })]);
      assert.deepEqual(
        await workers.two.operations.redrivesSince(flow, ['a', 'b', 'c'], 15),
        new Map([
          ['a', 2],
          ['b', 1],
        ]),
      );
      assert.deepEqual(await workers.two.operations.redrivesSince(flow, [], 0), new Map());
      assert.deepEqual(await operations.noteRedrives([]), []);
    });
  });
}
