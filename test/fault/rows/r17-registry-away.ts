import { ok, strictEqual } from 'node:assert/strict';
import { createFaultProxy } from '../../../src/sandbox/proxy/index.ts';
import { schemaIdOf } from '../../../src/schema/serde.ts';
import { services } from '../../support/services.ts';
import { writerOfNewer } from '../list/versions.ts';
import { countedHttp } from '../support/counted-http.ts';
import type { Row } from './row.ts';

export const r17: Row = {
  id: 'R17',
  promise: 'registry outage',
  fault:
    'registry refuses for 25 s, then answers after 30 s for 12 s; meanwhile entries of 10 patients come with a schema that no worker knows',
  pass: 'known schemas: at least 95 % done meanwhile; the unknown one waits (none parked), at most one request a second and worker; done once the registry is back',
  async run(kit) {
    const counted = kit.after(await countedHttp(services().registryUrl));
    const proxy = kit.after(await createFaultProxy({ host: '127.0.0.1', port: counted.port }));
    const fleet = await kit.fleet({ workers: 2, registryUrl: proxy.through(counted.url) });
    fleet.load.start();
    await kit.seconds(5, 2);
    proxy.suffer({ refuse: true });
    proxy.reset();
    const begun = performance.now();
    const before = { sent: fleet.load.sent.length, effects: await fleet.effects() };
    await kit.seconds(10, 3);
    const share = ((await fleet.effects()) - before.effects) / (fleet.load.sent.length - before.sent);
    // A stranger's entries: the load goes on with the schema that everybody knows.
    await fleet.load.stop();
    const newer = await writerOfNewer(fleet.registry, fleet.run);
    const id = schemaIdOf(newer.serialize({ id: '', seq: 1, act: '', padding: Buffer.alloc(0) }));
    const older = { serialize: fleet.load.serialize };
    fleet.load.use(newer);
    for (let n = 0; n < 10; n++) await fleet.load.offer(`stranger-${n}`, ['', '']);
    fleet.load.use(older);
    fleet.load.start();
    await kit.seconds(15, 5);
    const waiting = fleet.load.sent.filter(({ patient }) => patient.startsWith('stranger')).length;
    const [early] = await fleet.ask<{ n: string }>(`select count(*) as n from fault_list where patient like 'stranger%'`);
    strictEqual(Number(early?.n), 0, 'nothing can be read yet');
    proxy.suffer({ latency: { ms: 15_000 } });
    await kit.seconds(12, 3);
    proxy.suffer();
    proxy.reset();
    const awaySeconds = (performance.now() - begun) / 1000;
    const backAt = performance.now();
    await fleet.load.stop();
    await fleet.drained(60_000);
    const drainedMs = Math.round(performance.now() - backAt);
    const [parked] = await fleet.ask<{ n: string }>('select count(*) as n from aorta_held where due is null');
    strictEqual(Number(parked?.n), 0, 'nobody was parked');
    const asked = counted.count(`/schemas/ids/${id}`) + proxy.accepted;
    ok(asked <= 2 * awaySeconds + 10, `${asked} requests or connections in ${awaySeconds.toFixed(0)} s`);
    ok(share >= 0.95, `${(share * 100).toFixed(0)} % of what came was done meanwhile`);
    return { shareMeanwhile: share.toFixed(2), entriesThatWaited: waiting, requests: asked, drainedMs, ...(await fleet.verify()) };
  },
};
