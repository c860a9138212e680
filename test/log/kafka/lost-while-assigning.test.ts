import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { Assignment } from '../../../src/log/kafka/assignment.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';

/** The session ends while onAssigned waits for its store: the engine must hear of it, or it goes on claiming what is another's. */
it('a session that is lost while onAssigned runs is told at once', async () => {
  let lost = 0;
  let ending: (why: 'lost' | 'rebalance') => void = () => {};
  const around = { clock: systemClock, random: systemRandom, telemetry: silentTelemetry };
  const assignment = new Assignment(
    {
      group: 'g',
      handlers: {
        onAssigned: () => new Promise(() => {}), // the store is away
        onRevoked: async () => {},
        onLost: () => {
          lost++;
        },
        onRecords() {},
        onError() {},
      },
      membership: {
        startHeartbeats: (_: unknown, on: typeof ending) => {
          ending = on;
        },
        stopHeartbeats() {},
        fresh: true,
        cluster: {},
      } as never,
      limits: {} as never,
      around: around as never,
      ends: async () => ({ topic: 't', partition: 0, start: 0, end: 0 }),
    },
    { generationId: 1, memberId: 'm', partitions: [{ topic: 't', partition: 0 }] },
    1,
  );
  void assignment.run();
  await new Promise((r) => setTimeout(r, 20));
  ending('lost');
  await new Promise((r) => setTimeout(r, 200));
  assert.equal(lost, 1);
});
