import { ok, strictEqual } from 'node:assert/strict';
import { services } from '../../support/services.ts';
import { entryTopic } from '../list/entry.ts';
import { countedHttp } from '../support/counted-http.ts';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

export const r18: Row = {
  id: 'R18',
  promise: 'bad schema ids, bad magic bytes, cut payloads',
  fault: '1,500 bad records under load: 500 schema ids that nobody registered, a wrong first byte, payloads cut at a random byte',
  pass: 'each is kept once, with its code; the registry is asked at most once an id, worker and 10 s; at least 90 % of the good ones done meanwhile',
  async run(kit) {
    const counted = kit.after(await countedHttp(services().registryUrl));
    const fleet = await kit.fleet({ workers: 2, registryUrl: counted.url });
    const topic = entryTopic(fleet.run).name;
    const each = kit.times(500, 20);
    const good = fleet.load.serialize({ id: 'never', seq: 1, act: '', padding: Buffer.alloc(20) });
    fleet.load.start();
    await kit.seconds(5, 2);
    const before = { sent: fleet.load.sent.length, effects: await fleet.effects() };
    const asked = counted.count('/schemas/ids/');
    const records = Array.from({ length: each }, (_, n) => {
      const unknown = Buffer.from(good);
      unknown.writeUInt32BE(900_000 + n, 1);
      const magic = Buffer.from(good);
      magic[0] = 1 + (n % 255);
      const cut = good.subarray(0, kit.random.below(good.length - 1));
      return [unknown, magic, cut].map((value, kind) => ({
        topic,
        key: `bad-${kind}-${n}`,
        value,
        headers: { eventId: `bad-${kind}-${n}` },
      }));
    }).flat();
    for (let at = 0; at < records.length; at += 30) {
      await fleet.log.append(records.slice(at, at + 30));
      await kit.seconds(0.2, 0.02);
    }
    await eventually(
      `${records.length} kept`,
      async () =>
        Number((await fleet.ask<{ n: string }>(`select count(*) as n from aorta_held where key like 'bad-%' and due is null`))[0]?.n) ===
        records.length,
      90_000,
    );
    const share = ((await fleet.effects()) - before.effects) / (fleet.load.sent.length - before.sent);
    await fleet.load.stop();
    await fleet.drained();
    const kept = await fleet.ask<{ error_code: string; n: string }>(
      `select error_code, count(*) as n from aorta_held where key like 'bad-%' group by error_code order by error_code`,
    );
    const total = kept.reduce((sum, { n }) => sum + Number(n), 0);
    strictEqual(total, records.length, 'each once');
    ok(
      kept.every(({ error_code }) => /^AORTA_SCHEMA_/.test(error_code)),
      JSON.stringify(kept),
    );
    const requests = counted.count('/schemas/ids/') - asked;
    ok(requests <= each * 4 + 20, `${requests} questions for ${each} unknown ids`);
    ok(share >= 0.9, `${(share * 100).toFixed(0)} % of the good ones`);
    const codes = kept.map(({ error_code, n }) => `${error_code} ${n}`).join(' ');
    return { bad: records.length, codes, registryRequests: requests, shareMeanwhile: share.toFixed(2), ...(await fleet.verify()) };
  },
};
