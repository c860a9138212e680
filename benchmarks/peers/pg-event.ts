import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import type { Peer } from '../contract/peer.ts';
import { packageVersions } from '../contract/versions.ts';
import { effectRow, effectTable } from '../work/effect-table.ts';
import { decode } from '../work/event.ts';

const insert = {
  name: 'insert',
  text: 'insert into bench_effect values ($1, $2, $3, $4, $5) on conflict do nothing',
};

/** The loop of most tutorials with a database: one transaction an event, the offset committed by the library. */
export const peer: Peer = {
  name: 'pg-event',
  what: 'kafkajs eachMessage, one PostgreSQL transaction an event, auto-commit',
  guarantee: 'effects once (a key decides); no fence',
  work: ['effect'],
  versions: () => packageVersions('kafkajs', 'avsc', 'pg'),
  async start({ brokers, databaseUrl, name, input }) {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(effectTable);
    const kafka = new Kafka({ brokers: [...brokers], clientId: name, logLevel: logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: name, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic: input, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { value } }) => {
        if (value) await client.query({ ...insert, values: [...effectRow(decode(value))] });
      },
    });
    return {
      async stop() {
        await consumer.disconnect();
        await client.end();
      },
    };
  },
};
