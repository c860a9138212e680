import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Clock, Random } from '../../../src/clock/clock.ts';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { Broker } from '../../../src/log/kafka/internals.ts';
import { asAdmin, day, fresh, openLog, removeTopics } from './support.ts';

const made: string[] = [];
const named = (name: string): string => {
  made.push(name);
  return name;
};
// A broker without a processor of its own takes its time for two hundred partitions.
const patience = { questionTimeoutMs: 60_000 };
const [log, another] = [openLog(patience), openLog(patience)];

after(async () => {
  await Promise.all([log.close(), another.close()]);
  await removeTopics(made);
});

test('thirty flows that make their topics at once, some of them the same ones, all begin', async (t) => {
  const run = fresh('topics');
  const shared = named(`${run}.in`);
  const flows = Array.from({ length: 30 }, (_, i) =>
    [shared, named(`${run}.${i}.out`), named(`${run}.${i}.parked`), named(`${run}.${i}.dlq`)].map((name) => ({
      name,
      partitions: 2,
      retentionMs: 30 * day,
    })),
  );
  // Requests for all topics that somebody looks for, which fail for everybody while one of them is not there yet.
  let asked = 0;
  const { metadata } = Broker.prototype;
  Broker.prototype.metadata = function (topics) {
    asked++;
    return metadata.call(this, topics);
  };
  t.after(() => {
    Broker.prototype.metadata = metadata;
  });
  const results = await Promise.allSettled(flows.map((topics, i) => (i % 2 === 0 ? log : another).ensureTopics(topics)));
  assert.deepEqual(
    results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : [])),
    [],
  );
  assert.ok(asked < flows.length, `${asked} requests for the topics of all`);
  // What was said to be there is there for everybody who asks next.
  assert.deepEqual(await Promise.all(flows.map(([, out]) => log.partitions(out?.name ?? ''))), new Array(30).fill(2));
});

test('a topic that somebody else is still making counts as different only when it stays so', async (t) => {
  const topic = named(fresh('topics'));
  const spec = { name: topic, partitions: 2, retentionMs: 30 * day };
  await asAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: false }));
  await assert.rejects(log.ensureTopics([spec]), { code: 'AORTA_LOG_004' });

  // The wait between two looks lasts until the other one is ready; it is the one whose length is drawn.
  let drawn = false;
  let waits = 0;
  const clock: Clock = {
    ...systemClock,
    after(ms, work) {
      if (!drawn) return systemClock.after(ms, work);
      drawn = false;
      waits++;
      void asAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })).then(work, work);
      return () => {};
    },
  };
  const random: Random = {
    ...systemRandom,
    next() {
      drawn = true;
      return 0.5;
    },
  };
  const patient = openLog({ ...patience, clock, random });
  t.after(() => patient.close());
  await patient.ensureTopics([spec]);
  assert.ok(waits > 0);
  assert.equal(await patient.partitions(topic), 2);
});
