import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { array } from '../../src/postgres/array.ts';
import { type Message, messagesOf } from '../../src/postgres/messages.ts';
import { type Connection, Pipeline } from '../../src/postgres/pipeline.ts';
import { PostgresPool } from '../../src/postgres/pool.ts';
import { services } from '../support/services.ts';

const require = createRequire(import.meta.resolve('pg'));
const { serialize } = require('pg-protocol') as { serialize: Record<string, (message?: object) => Buffer> };
const valueMapper = (value: unknown) => (value === null || Buffer.isBuffer(value) ? value : String(value));
/** What pg itself would send, but for the Sync after each statement. */
const asPgSends = (messages: readonly Message[]): Buffer =>
  Buffer.concat([
    ...messages.flatMap(({ name, parse, values, describe }) => [
      ...(parse === undefined ? [] : [serialize['parse']?.({ name, text: parse }) as Buffer]),
      serialize['bind']?.({ statement: name, values, valueMapper }) as Buffer,
      ...(describe ? [serialize['describe']?.({ type: 'P', name: '' }) as Buffer] : []),
      serialize['execute']?.({}) as Buffer,
    ]),
    serialize['sync']?.() as Buffer,
  ]);

const large = Buffer.alloc(70_000, 'a');
const pipelines: Record<string, readonly Message[]> = {
  'no parameters': [{ name: 'aorta_0', values: [], describe: false }],
  'one large parameter': [{ name: 'aorta_1', values: [large], describe: false }],
  'large ones between small ones': [{ name: 'aorta_2', values: ['é', large, null, 7, -1.5, Buffer.from([0]), large, ''], describe: true }],
  'large ones one behind the other': [{ name: 'aorta_3', values: [large, large], describe: true }],
  'a long text': [{ name: 'aorta_4', parse: 'select $1, $2', values: ['ü'.repeat(5_000), large], describe: true }],
  'nothing to spare': [{ name: '', parse: 'x'.repeat(2_000), values: [Buffer.alloc(10), null], describe: true }],
  'several statements, parsed or not, asked about or not': [
    { name: 'aorta_5', values: [], describe: false },
    { name: '', parse: 'select 1', values: [], describe: true },
    { name: 'aorta_6', parse: "select 'ö' where $1", values: [large, 'x'], describe: true },
    { name: 'aorta_7', values: [null], describe: false },
  ],
};
for (const [what, messages] of Object.entries(pipelines))
  test(`the messages of a pipeline are the bytes of pg's own: ${what}`, () => {
    assert.deepEqual(Buffer.concat(messagesOf(messages)), asPgSends(messages));
  });

test('a large parameter is not copied, small ones are one write, and a closed connection gets nothing', () => {
  const written: Buffer[] = [];
  const stream = { writable: true, write: (part: Buffer) => written.push(part), cork: () => {}, uncork: () => {} };
  const connection: Connection = { stream: stream as unknown as Socket, parsedStatements: {}, submittedNamedStatements: {} };
  const submit = (...values: (string | Buffer)[]): void => {
    written.length = 0;
    const statement = { name: 'aorta_1', text: 'select $1', values };
    new Pipeline(
      [statement, statement],
      () => {},
      () => {},
    ).submit(connection);
  };
  submit('small', Buffer.alloc(100));
  assert.equal(written.length, 1);
  submit(large);
  assert.ok(written.some(({ buffer }) => buffer === large.buffer));
  stream.writable = false;
  submit(large);
  assert.deepEqual(written, []);
});

test('PostgreSQL gets arrays of every size as they were sent', async () => {
  const pool = new PostgresPool({ url: services().databaseUrl, connections: 1 });
  try {
    for (const size of [1, 4_000, 4_096, 1_000_000]) {
      const values = [Buffer.alloc(size, 'x'), null, Buffer.alloc(size, 'y')];
      const statement = {
        text: `select $1::text as before, array_agg(md5(g) order by n)::text as sums, $3::int4 as after
          from unnest($2::bytea[]) with ordinality as u(g, n)`,
        values: ['before', array('bytea', values), 42],
        prepared: true,
      };
      const expected = await pool.query({
        text: `select array[md5(convert_to(repeat('x', $1::int4), 'UTF8')), null, md5(convert_to(repeat('y', $1::int4), 'UTF8'))]::text as sums`,
        values: [size],
      });
      // The second time it is prepared already.
      for (let i = 0; i < 2; i++) {
        const [row] = await pool.query(statement);
        assert.deepEqual({ ...row }, { before: 'before', sums: expected[0]?.['sums'], after: 42 });
      }
    }
  } finally {
    await pool.close();
  }
});
