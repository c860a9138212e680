import { ok, strictEqual } from 'node:assert/strict';
import { Kafka, logLevel } from 'kafkajs';
import { entryTopic } from '../list/entry.ts';
import { privateCluster } from '../support/private-services.ts';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

export const r44: Row = {
  id: 'R44',
  promise: 'lost offsets and trimmed logs',
  fault:
    'the group and its committed offsets are deleted; the log is cut below what was applied; then above it; then the topic is made anew',
  pass: 'the applied set decides: nothing again, never a silent jump; what was cut before it was read is counted; a topic that begins again is refused loudly',
  async run(kit) {
    const cluster = kit.after(await privateCluster(1));
    const gone = new Set<string>();
    const fleet = await kit.fleet({ workers: 1, brokers: cluster.brokers }, ({ id }) => !gone.has(id));
    const topic = entryTopic(fleet.run).name;
    const admin = new Kafka({ brokers: [...cluster.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    kit.after({ close: () => admin.disconnect() });
    const some = async () => {
      fleet.load.start();
      await kit.seconds(4, 3);
      await fleet.load.stop();
    };
    await some();
    await fleet.drained();

    await fleet.end(0);
    await admin.deleteGroups([`aorta.${fleet.flow}`]);
    await fleet.start(0);
    await some();
    await fleet.drained();
    strictEqual((await fleet.verify()).handledAgain, 0, 'offsets deleted: nothing is handled again');

    await fleet.end(0);
    await admin.deleteGroups([`aorta.${fleet.flow}`]);
    const ends = await fleet.log.ends(topic);
    await admin.deleteTopicRecords({ topic, partitions: ends.map(({ partition, end }) => ({ partition, offset: String(end - 1) })) });
    await some();
    await fleet.start(0);
    await fleet.drained();
    strictEqual((await fleet.verify()).handledAgain, 0, 'cut below the applied: nothing is handled again or lost');

    await fleet.end(0);
    const at = fleet.load.sent.length;
    const before = await fleet.log.ends(topic);
    await some();
    const cut = before.map(({ partition, end }) => ({ partition, offset: end + 5 }));
    for (const { partition, end } of before) {
      for (const record of await fleet.log.read({ topic, partition }, end, 5)) gone.add(String(record.headers['eventId']));
    }
    await admin.deleteTopicRecords({ topic, partitions: cut.map(({ partition, offset }) => ({ partition, offset: String(offset) })) });
    await fleet.start(0);
    await fleet.drained();
    const expired = await fleet.metric('aorta_flow_offset_anomalies_total', { kind: 'expired' });
    strictEqual(expired, cut.length, 'each partition that was cut before it was read is counted');
    ok(fleet.load.sent.length > at);
    const verdict = await fleet.verify();

    await fleet.end(0);
    await admin.deleteTopics({ topics: [topic] });
    await eventually('the topic to be gone', async () => !(await admin.listTopics()).includes(topic));
    await fleet.log.ensureTopics([entryTopic(fleet.run)]);
    await fleet.start(0);
    await eventually('the partitions to be refused', async () => (await fleet.metric('aorta_flow_refused_partitions')) > 0, 30_000);
    const { status } = await (fleet.workers[0] as { status(path: string): Promise<{ status: number }> }).status('/healthz');
    ok(status !== 200, 'and /healthz says so');
    return {
      recordsCut: gone.size,
      partitionsCounted: expired,
      refusedPartitions: await fleet.metric('aorta_flow_refused_partitions'),
      ...verdict,
    };
  },
};
