import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { array } from '../../src/postgres/array.ts';
import { bindInParts, type Connection, partsOf } from '../../src/postgres/bind.ts';
import { PostgresPool } from '../../src/postgres/pool.ts';
import { services } from '../support/services.ts';

type Bind = Parameters<Connection['bind']>[0];
const require = createRequire(import.meta.resolve('pg'));
const { serialize } = require('pg-protocol') as { serialize: { bind(message: object): Buffer } };
const valueMapper = (value: unknown) => (value === null || Buffer.isBuffer(value) ? value : String(value));

const large = Buffer.alloc(70_000, 'a');
const messages: Record<string, Bind> = {
  'one large parameter': { portal: '', statement: 'aorta_1', values: [large] },
  'large ones between small ones': { statement: 'aorta_2', values: ['é', large, null, 7, -1.5, Buffer.from([0]), large, ''] },
  'large ones one behind the other': { statement: 'aorta_3', values: [large, large] },
  'a long text': { statement: 'aorta_4', values: ['ü'.repeat(5_000), large] },
  'a portal, and binary results': { portal: 'p', statement: '', values: [large, 'x'], binary: true },
};
for (const [what, message] of Object.entries(messages))
  test(`the parts of a Bind message are the bytes of pg's own: ${what}`, () => {
    assert.deepEqual(Buffer.concat(partsOf(message)), serialize.bind({ ...message, valueMapper }));
  });

test('a large parameter is not copied, a message without one is left to pg, and a closed connection gets nothing', () => {
  const written: Buffer[] = [];
  const left: Bind[] = [];
  const stream = { writable: true, write: (part: Buffer) => written.push(part) };
  const connection: Connection = { stream: stream as unknown as Socket, bind: (message) => left.push(message) };
  bindInParts(connection);
  connection.bind({ values: ['small', Buffer.alloc(100)] });
  assert.deepEqual([left.length, written.length], [1, 0]);
  connection.bind({ values: [large] });
  assert.ok(written.some(({ buffer }) => buffer === large.buffer));
  written.length = 0;
  stream.writable = false;
  connection.bind({ values: [large] });
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
