import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import type { Peer } from '../../contract/peer.ts';
import { packageVersions } from '../../contract/versions.ts';
import { effectsOf } from './effects.ts';
import { foldOf } from './fold.ts';
import type { Step } from './step.ts';

/** As many connections, and as many partitions at once. */
const connections = 4;

/** What a good engineer writes by hand: batches, `unnest`, four connections. */
export const peer: Peer = {
  name: 'pg-batch',
  what: 'kafkajs eachBatch, one PostgreSQL transaction for 250 effects (1,000 folds), four connections',
  guarantee: 'effects and state once; no fence, no outbox: emissions at least once',
  work: ['effect', 'fold'],
  // Where a partition stands is read at the start: its next owner would fold again what the one before has.
  alone: ['fold'],
  versions: () => packageVersions('kafkajs', 'avsc', 'pg'),
  async start(task) {
    const { brokers, databaseUrl, name, input } = task;
    const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
    pool.on('error', () => undefined);
    const kafka = new Kafka({ brokers: [...brokers], clientId: name, logLevel: logLevel.NOTHING });
    const [consumer, producer] = [kafka.consumer({ groupId: name, maxWaitTimeInMs: 100 }), kafka.producer()];
    await Promise.all([consumer.connect(), producer.connect()]);
    const step: Step = await (task.work === 'effect' ? effectsOf(pool) : foldOf(pool, producer, task));
    await consumer.subscribe({ topic: input, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: connections,
      eachBatch: async ({ batch: { topic, partition, messages }, heartbeat }) => {
        for (let at = 0; at < messages.length; at += step.size) {
          await step.apply(partition, messages.slice(at, at + step.size));
          await heartbeat();
        }
        const last = messages.at(-1);
        if (last) await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(last.offset) + 1n) }]);
      },
    });
    return {
      async stop() {
        await consumer.disconnect();
        await producer.disconnect();
        await pool.end();
      },
    };
  },
};
