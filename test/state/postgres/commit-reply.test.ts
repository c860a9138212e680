import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { State } from '../../../src/state/port.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import type { Table } from '../../../src/state/table.ts';
import { freshSchema } from '../../support/postgres.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { type Bed, bed, bedTable, Owner, source, write } from '../conformance/groups.ts';

const rounds = 40;
const committed = Buffer.from('COMMIT\0');
const commit = Buffer.from('commit\0');

describe('a COMMIT whose reply is lost', () => {
  const { drop, ...options } = freshSchema('reply');
  let proxy: TcpProxy;
  let direct: State;
  let through: State;
  let beds: Table<Bed>;

  before(async () => {
    const made = await TcpProxy.to(options.url);
    proxy = made.proxy;
    direct = createPostgresState(options);
    through = createPostgresState({ ...options, url: made.url });
    await direct.migrate();
    beds = await bedTable(direct);
  });
  after(async () => {
    await through.close();
    await direct.close();
    await proxy.close();
    await drop();
  });

  const parts = (n: number) => ({
    effects: [write.insert(beds, bed(`bed-${n}`, { moved: n })), write.upsert(beds, bed('last', { moved: n }))],
    states: [{ store: 's', key: 'k', value: Buffer.from(String(n)), version: 1, source }],
    outbox: [{ topic: 't', partition: 0, key: 'k', value: Buffer.from(String(n)), headers: {}, timestamp: n }],
  });
  const check = async (owner: Owner, count: number) => {
    const claimed = await direct.claim(owner.lane, 12);
    assert.equal(claimed.group, count);
    assert.deepEqual(
      claimed.outbox.map(({ group, records }) => [group, records[0]?.value?.toString()]),
      Array.from({ length: count }, (_, i) => [i + 1, String(i + 1)]),
    );
    assert.equal((await direct.states(owner.lane.flow, 's', ['k']))[0]?.value.toString(), String(count));
  };

  it(`${rounds} times: the server applied it, the caller is told so, and nothing is applied twice`, async () => {
    const owner = await Owner.claim(through);
    let dropped = 0;
    let armed = false;
    proxy.onReply = (bytes) => {
      if (!armed || !bytes.includes(committed)) return 'forward';
      armed = false;
      dropped++;
      return 'cut';
    };
    for (let n = 1; n <= rounds; n++) {
      armed = true;
      assert.equal(await owner.commit(parts(n)), 'applied');
      assert.equal(dropped, n);
    }
    proxy.onReply = () => 'forward';
    await check(owner, rounds);
  });

  it('the same when the request never arrived', async () => {
    const owner = await Owner.claim(through);
    let dropped = 0;
    let armed = false;
    proxy.onRequest = (bytes) => {
      // Named statements say `commit` only the first time; after that the lane's topic marks the pipeline.
      if (!armed || !(bytes.includes(commit) || bytes.includes('hl7.adt'))) return 'forward';
      armed = false;
      dropped++;
      return 'cut';
    };
    for (let n = 1; n <= 20; n++) {
      armed = true;
      assert.equal(await owner.commit(parts(n)), 'applied');
      assert.equal(dropped, n);
    }
    proxy.onRequest = () => 'forward';
    await check(owner, 20);
  });

  it('the caller is told that it is fenced when the lane moved on meanwhile', async () => {
    const owner = await Owner.claim(through);
    let claiming: Promise<unknown> | undefined;
    proxy.onReply = (bytes) => {
      if (claiming || !bytes.includes(committed)) return 'forward';
      claiming = direct.claim(owner.lane, 12);
      return 'cut';
    };
    const group = owner.next(parts(1));
    const [outcome] = await through.transact([group]);
    proxy.onReply = () => 'forward';
    await claiming;
    // Either reading came first; both are true, and the group is there once.
    assert.ok(outcome === 'applied' || outcome === 'fenced');
    assert.equal((await direct.claim(owner.lane, 12)).group, 1);
    assert.deepEqual(await through.transact([group]), ['fenced']);
  });
});
