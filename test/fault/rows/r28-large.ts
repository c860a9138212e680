import { ok, rejects, strictEqual } from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { AortaError } from '../../../src/errors/index.ts';
import { createKafkaLog } from '../../../src/log/kafka/index.ts';
import { header, type Log } from '../../../src/log/port.ts';
import { createMllpClient } from '../../../src/sandbox/mllp-client.ts';
import { entryTopic } from '../list/entry.ts';
import type { Fleet } from '../list/fleet.ts';
import { hospital } from '../support/hospital.ts';
import { privateCluster } from '../support/private-services.ts';
import { eventually, type Product } from '../support/product.ts';
import type { Kit, Row } from './row.ts';

const sizes = { '0.9 MB': 900_000, '1.0 MB': 1_048_576, '5 MB': 5 << 20, '20 MB': 20 << 20 } as const;
const isTooLarge = (thrown: unknown) => thrown instanceof AortaError && thrown.code === 'AORTA_LOG_007';
/** Milliseconds of CPU: 50, and what a cold start, garbage and neighbours in the same turn of the loop add. */
const longestBlockMs = 150;

export const r28: Row = {
  id: 'R28',
  promise: 'large messages',
  fault:
    'records of 0.9, 1.0, 5 and 20 MB: to the product with its own limits; with raised ones to topics that take 1 MB and 25 MB; into the input of a flow under load; as MLLP messages to a worker. One broker, 25 MB',
  pass: 'what is too large is refused with AORTA_LOG_007, by itself, and the next record of its partition is taken; what the log took has its effect, and so has what comes behind it; MLLP answers AA, and above the limit the record holds a reference; the event loop is held up for less than 150 ms of CPU (or twice what small entries show)',
  async run(kit) {
    const cluster = kit.after(await privateCluster(1));
    const dir = mkdtempSync(join(tmpdir(), 'aorta-probe-'));
    kit.after({ close: async () => rmSync(dir, { recursive: true, force: true }) });
    const file = join(dir, 'loop');
    const fleet = await kit.fleet({
      ...{ workers: 1, brokers: cluster.brokers, load: { random: kit.random, rate: Math.min(kit.rate, 200), patients: 200 } },
      ...{ nodeOptions: ['--import', join(import.meta.dirname, '../plant/loop-probe.ts')], env: { LOOP_PROBE: file } },
    });
    const raised = kit.after(createKafkaLog({ brokers: cluster.brokers, clientId: 'fault-large', maxRecordBytes: 25 << 20 }));
    const worker = fleet.workers[0] as Product;
    fleet.load.start();
    await kit.seconds(4, 2);
    const refused = await produced(kit, fleet, raised, cluster.brokers);

    const blocked = { ms: 0, by: '' };
    const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []);
    const loopOf = async (what: string): Promise<number> => {
      const before = lines().length;
      worker.kill('SIGUSR2');
      await eventually('the probe', () => lines().length > before, 30_000, 20);
      const ms = Math.round(Number(lines().at(-1)));
      kit.note(`${what}: the event loop was held up for ${ms} ms of CPU at most`);
      if (ms >= blocked.ms) Object.assign(blocked, { ms, by: what });
      return ms;
    };
    await loopOf('the start');
    Object.assign(blocked, { ms: 0, by: '' });
    await kit.seconds(3, 2);
    const smallMs = await loopOf('small entries');
    for (const [name, size] of Object.entries(sizes)) {
      const patient = `large-${size}`;
      for (const [seq, bytes] of [size - 1_000, 10].entries()) await offer(fleet, raised, patient, seq + 1, bytes);
      await fleet.resumes();
      await loopOf(`an entry of ${name}`);
    }
    const codes: string[] = [];
    const client = createMllpClient({ host: '127.0.0.1', port: worker.mllpPort, timeoutMs: 60_000 });
    kit.after(client);
    for (const [name, size] of Object.entries(sizes)) {
      const { code } = await client.send(large(kit, size));
      codes.push(code);
      await loopOf(`an MLLP message of ${name}`);
    }
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    ok(
      codes.every((code) => code === 'AA'),
      `MLLP answered ${codes.join(' ')}`,
    );
    const kept = await adt(fleet);
    strictEqual(kept.length, codes.length, 'each MLLP message is in the log once');
    ok(
      kept.every((bytes) => bytes < 1_000_000),
      `none as a record above the limit: ${kept.join(' ')} bytes`,
    );
    ok(blocked.ms < Math.max(longestBlockMs, 2 * smallMs), `${blocked.by}: the event loop was held up for ${blocked.ms} ms of CPU`);
    return {
      ...{ refusedAtProduce: refused, mllp: codes.join(' '), adtRecordBytes: kept.join(' ') },
      ...{ smallBlockMs: smallMs, longestBlockMs: blocked.ms, by: blocked.by, drainedMs },
      ...(await fleet.verify()),
    };
  },
};

/** Records of every size to topics of both limits, each with a small one behind it in the same partition. */
async function produced(kit: Kit, fleet: Fleet, raised: Log, brokers: readonly string[]): Promise<number> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  kit.after({ close: () => admin.disconnect() });
  const topicOf = (limit: number) => `fault.large.${limit}.${fleet.run}`;
  const limits = [1_048_588, 25 << 20];
  await admin.createTopics({
    waitForLeaders: true,
    topics: limits.map((limit) => ({
      topic: topicOf(limit),
      numPartitions: 1,
      configEntries: [{ name: 'max.message.bytes', value: String(limit) }],
    })),
  });
  let refused = 0;
  const small = { partition: 0, key: 'p', value: Buffer.from('small') };
  const offered = async (log: Log, limit: number, size: number, taken: boolean) => {
    const topic = topicOf(limit);
    // Bytes of the record: key and framing are part of what the limits count.
    const append = () => log.append([{ topic, partition: 0, key: 'p', value: Buffer.alloc(size - 200, 'x') }]);
    if (taken) await append();
    else {
      await rejects(append, isTooLarge);
      refused++;
    }
    await log.append([{ topic, ...small }]);
  };
  const [broker, wide] = limits as [number, number];
  for (const size of Object.values(sizes)) {
    await offered(fleet.log, wide, size, size <= 1_000_000);
    await offered(raised, broker, size, size <= broker);
    await offered(raised, wide, size, true);
  }
  const [end] = await fleet.log.ends(topicOf(broker));
  // Behind each attempt by the raised one a small record, and the two that fit.
  strictEqual(end?.end, Object.keys(sizes).length + 2);
  return refused;
}

/** An entry with that much padding, as a producer writes it whose limits are higher than ours. */
async function offer(fleet: Fleet, log: Log, patient: string, seq: number, padding: number): Promise<void> {
  const id = `${patient}-${seq}`;
  fleet.load.sent.push({ patient, seq, id, act: '' });
  const value = fleet.load.serialize({ id, seq, act: '', padding: Buffer.alloc(padding, 'x') });
  await log.append([{ topic: entryTopic(fleet.run).name, key: patient, value, headers: { [header.eventId]: id }, timestamp: Date.now() }]);
}

/** An admission with notes up to that size. */
function large(kit: Kit, size: number): Buffer {
  const admission = hospital(kit.random, 1, 1)[0]?.messages[0]?.bytes;
  ok(admission);
  const note = Buffer.from(`NTE|1||${'y'.repeat(30_000)}\r`);
  const notes = Math.floor((size - admission.length) / note.length);
  return Buffer.concat([admission, ...Array.from({ length: notes }, () => note)]);
}

/** Bytes of each record of `hl7.adt`. */
async function adt(fleet: Fleet): Promise<readonly number[]> {
  const found: number[] = [];
  for (const { partition, start, end } of await fleet.log.ends('hl7.adt')) {
    if (end > start)
      for (const { value } of await fleet.log.read({ topic: 'hl7.adt', partition }, start, 100)) found.push(value?.length ?? 0);
  }
  return found;
}
