import type { Producer } from 'kafkajs';
import type pg from 'pg';
import { outputOf, type Task } from '../../contract/task.ts';
import { decode, encode, schemaIdOf, transform } from '../../work/event.ts';
import { folded, type PatientState, summary, unseen } from '../../work/fold.ts';
import type { Step } from './step.ts';

const tables = `create table if not exists fold_state (patient text primary key, state text not null);
  create table if not exists fold_offset (partition integer primary key, next bigint not null)`;
const read = { name: 'read', text: 'select patient, state from fold_state where patient = any($1::text[])' };
const write = {
  name: 'write',
  text: `insert into fold_state select * from unnest($1::text[], $2::text[])
    on conflict (patient) do update set state = excluded.state`,
};
const advance = {
  name: 'advance',
  text: 'insert into fold_offset values ($1, $2) on conflict (partition) do update set next = excluded.next',
};

/** State and offset in one transaction; the results are written before it ends, so that a crash repeats and loses none. */
export async function foldOf(pool: pg.Pool, producer: Producer, task: Task): Promise<Step> {
  await pool.query(tables);
  // What a transaction has applied is not applied again, wherever Kafka's offset stands.
  const applied = new Map<number, bigint>();
  for (const row of (await pool.query('select partition, next from fold_offset')).rows) applied.set(row.partition, BigInt(row.next));
  return {
    size: 1_000,
    async apply(partition, messages) {
      const events = messages.flatMap(({ key, value, offset }) =>
        value && BigInt(offset) >= (applied.get(partition) ?? 0n) ? [{ key, event: decode(value), schemaId: schemaIdOf(value) }] : [],
      );
      const last = messages.at(-1);
      if (events.length === 0 || !last) return;
      const client = await pool.connect();
      try {
        await client.query('begin');
        const patients = [...new Set(events.map(({ event }) => event.patientId))];
        const known = await client.query<{ patient: string; state: string }>({ ...read, values: [patients] });
        const states = new Map(known.rows.map(({ patient, state }) => [patient, JSON.parse(state) as PatientState]));
        const out = events.map(({ key, event, schemaId }) => {
          const next = folded(states.get(event.patientId) ?? unseen, event);
          states.set(event.patientId, next);
          return { key, value: encode({ ...transform(event), profile: summary(next) }, schemaId) };
        });
        const texts = patients.map((patient) => JSON.stringify(states.get(patient)));
        await client.query({ ...write, values: [patients, texts] });
        const next = BigInt(last.offset) + 1n;
        await client.query({ ...advance, values: [partition, String(next)] });
        await producer.send({ topic: outputOf(task), acks: -1, messages: out });
        await client.query('commit');
        applied.set(partition, next);
      } catch (cause) {
        await client.query('rollback').catch(() => undefined);
        throw cause;
      } finally {
        client.release();
      }
    },
  };
}
