import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TopicPartition } from '../../src/log/port.ts';
import { MemoryConsumer, MemoryLog } from '../../src/testing/memory-log.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** Two members of a group over four partitions, and what the handlers of the first were told. */
async function members() {
  const clock = new VirtualClock();
  const log = new MemoryLog({ clock });
  await log.ensureTopics([{ name: 'events', partitions: 4, retentionMs: 8 * 86_400_000 }]);
  const told: string[] = [];
  const member = (tell: (what: string, partitions: readonly TopicPartition[]) => void) =>
    new MemoryConsumer(log, {
      group: 'group',
      topics: ['events'],
      onAssigned: async (partitions) => {
        tell('assigned', partitions);
        return [];
      },
      onRevoked: async (partitions) => tell('revoked', partitions),
      onLost: (partitions) => tell('lost', partitions),
      onRecords: () => {},
      onError: (cause) => assert.fail(cause),
    });
  const first = member((what, partitions) => void told.push(`${what} ${partitions.map(({ partition }) => partition).join(' ')}`.trim()));
  await first.start();
  await member(() => {}).start();
  await clock.advance(10);
  told.length = 0;
  return { clock, first, told };
}

describe('a consumer in memory that its group has given up', () => {
  it('gives back what it had when it stops before it has learnt of it', async () => {
    const { first, told } = await members();
    await first.expire();
    await first.stop();
    assert.deepEqual(told, ['revoked 0 2']);
  });

  it('gives it back also when it was given up a second time meanwhile', async () => {
    const { first, told } = await members();
    await first.expire();
    await first.expire();
    await first.stop();
    assert.deepEqual(told, ['revoked 0 2']);
  });

  it('learns once of what it had, and is not told that what it was given since is lost', async () => {
    const { clock, first, told } = await members();
    const [learns, again] = await Promise.all([first.expire(), first.expire()]);
    await learns();
    await clock.advance(10);
    const given = told.splice(0);
    assert.equal(given[0], 'lost 0 2');
    assert.match(given[1] as string, /^assigned \d \d$/);
    assert.equal(given.length, 2);
    await again();
    await clock.advance(10);
    assert.deepEqual(
      told.filter((line) => /^lost \d/.test(line)),
      [],
    );
  });
});
