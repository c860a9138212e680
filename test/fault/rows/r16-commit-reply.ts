import { ok } from 'node:assert/strict';
import { createFaultProxy } from '../../../src/sandbox/proxy/index.ts';
import { freshDatabase } from '../../support/services.ts';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

/** How PostgreSQL says that a transaction is committed. */
const committed = Buffer.from('COMMIT\0');

export const r16: Row = {
  id: 'R16',
  promise: 'commit ambiguity',
  fault: 'a proxy drops the reply of COMMIT after the server applied it, 200 times, on 2 workers',
  pass: 'each ambiguous group is applied once',
  async run(kit) {
    const database = await freshDatabase('fault');
    kit.after({ close: () => database.drop() });
    const { hostname, port } = new URL(database.url);
    const proxy = kit.after(await createFaultProxy({ host: hostname, port: Number(port) }));
    const fleet = await kit.fleet({ workers: 2, databaseUrl: proxy.through(database.url), direct: { databaseUrl: database.url } });
    const wanted = kit.times(200, 20);
    fleet.load.start();
    const isCommit = (bytes: Buffer) => bytes.includes(committed);
    while (proxy.lost < wanted) {
      const before = proxy.lost;
      proxy.loseReplies({ when: isCommit });
      await eventually('a commit to be lost', () => proxy.lost > before, 30_000, 5);
    }
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    const verdict = await fleet.verify();
    ok(proxy.lost >= wanted);
    return { lostReplies: proxy.lost, repeatedGroups: await fleet.metric('aorta_flow_commit_retries_total'), drainedMs, ...verdict };
  },
};
