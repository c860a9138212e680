import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { withFrames } from '../../../src/log/kafka/frame.ts';
import type { Cluster, ProtocolPair } from '../../../src/log/kafka/internals.ts';
import { Call, PartitionQueue } from '../../../src/log/kafka/partitionQueue.ts';
import { code, Reader } from '../../../src/log/kafka/protocol.ts';
import { decodeBatches } from '../../../src/log/kafka/records/decode.ts';
import { payloadSize } from '../../../src/log/kafka/records/encode.ts';
import { Sender } from '../../../src/log/kafka/sender.ts';
import type { Append, Appended } from '../../../src/log/port.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';

interface Request {
  readonly memory: ArrayBufferLike;
  /** Each partition's batch as it was on the wire. */
  readonly batches: ReadonlyMap<number, Buffer>;
}

/** The error of each partition, or a request that nobody answers. */
type Answer = (request: Request) => ReadonlyMap<number, number> | Error;

function requestOf(frame: Buffer): Request {
  const reader = new Reader(frame);
  reader.at = 12;
  reader.text();
  reader.at += 8;
  const batches = new Map<number, Buffer>();
  for (let topics = reader.int32(); topics > 0; topics--) {
    reader.text();
    for (let count = reader.int32(); count > 0; count--) {
      const partition = reader.int32();
      batches.set(partition, Buffer.from(reader.bytes()));
    }
  }
  assert.equal(reader.at, frame.length);
  return { memory: frame.buffer, batches };
}

function sending(answer: Answer) {
  const requests: Request[] = [];
  const frames = withFrames(() => assert.fail('not a frame'));
  const send = async <T>({ request }: ProtocolPair<T>) => {
    const { buffer } = await frames({ correlationId: requests.length, clientId: 'test', request });
    const asked = requestOf(buffer);
    requests.push(asked);
    const answered = answer(asked);
    if (answered instanceof Error) throw answered;
    return [...asked.batches.keys()].map((partition) => ({
      ...{ topic: 't', partition, errorCode: answered.get(partition) ?? code.none },
      baseOffset: 0,
    }));
  };
  const broker = { connectionPool: { send }, disconnect: async () => undefined };
  const cluster = {
    connect: async () => undefined,
    refreshMetadata: async () => undefined,
    refreshMetadataIfNecessary: async () => undefined,
    findBroker: async () => broker,
    findControllerBroker: async () => ({ initProducerId: async () => ({ producerId: '7', producerEpoch: 0 }) }),
    findTopicPartitionMetadata: () => [],
  } as unknown as Cluster;
  const sender = new Sender({
    cluster,
    connect: { brokers: [], clientId: 'test', requestTimeoutMs: 2000, connectTimeoutMs: 1000 },
    around: { clock: systemClock, random: systemRandom, telemetry: silentTelemetry },
    compression: 'none',
    maxRequestBytes: 8 << 20,
    onFreed() {},
    onUnknownTopic() {},
  });
  const queues = [0, 1].map((partition) => new PartitionQueue('t', partition, 1, 900_000));
  const append = (values: readonly (readonly [partition: number, value: string])[]) =>
    new Promise<readonly Appended[]>((resolve, reject) => {
      const call = new Call(values.length, systemClock.monotonic() + 5000, resolve, reject);
      for (const [slot, [partition, value]] of values.entries()) {
        const record: Append = { topic: 't', key: 'k', value: Buffer.from(value) };
        const queue = queues[partition] as PartitionQueue;
        queue.push(record, payloadSize(record), call, slot);
        if (!queue.listed) sender.list(queue);
      }
    });
  return { requests, append };
}

const valuesOf = (batch: Buffer | undefined) => decodeBatches(batch as Buffer, 0).records.map(({ value }) => value?.toString());

test('an answered request leaves its memory to the next one; one that nobody answered does not', async () => {
  let failing = false;
  const { requests, append } = sending(() => (failing ? new Error('no answer') : new Map()));
  await append([[0, 'first']]);
  await append([[0, 'second']]);
  assert.equal(requests[1]?.memory, requests[0]?.memory);
  assert.deepEqual(valuesOf(requests[1]?.batches.get(0)), ['second']);
  failing = true;
  await assert.rejects(append([[0, 'lost']]));
  failing = false;
  await append([[0, 'third']]);
  assert.notEqual(requests.at(-1)?.memory, requests[0]?.memory, 'it may still be on its way to the socket');
});

test('a batch that must be sent again is the same to the byte, whatever was sent beside it meanwhile', async () => {
  let refusals = 3;
  const { requests, append } = sending(() => new Map(refusals-- > 0 ? [[1, code.notLeader]] : []));
  const settled = append([
    [0, 'a'],
    [1, 'kept'],
  ]);
  let more = 0;
  while (refusals >= 0) await append([[0, 'x'.repeat(2000 + more++)]]);
  await settled;
  const sent = requests.map(({ batches }) => batches.get(1)).filter((batch) => batch !== undefined);
  assert.ok(sent.length >= 4, `${sent.length} times`);
  for (const batch of sent) assert.deepEqual(batch, sent[0]);
  assert.deepEqual(valuesOf(sent.at(-1)), ['kept']);
});

test('a batch that must be sent again keeps its own bytes, not the request that it was in first', async () => {
  let refused = true;
  const { requests, append } = sending(() => new Map(refused ? [[1, code.notEnoughReplicas]] : []));
  const settled = append([
    [0, 'x'.repeat(800_000)],
    [1, 'small'],
  ]);
  while (requests.length < 3) await append([[0, 'y'.repeat(800_000)]]);
  refused = false;
  await settled;
  assert.equal(new Set(requests.map(({ memory }) => memory)).size, 1, 'the memory of the first is used again');
  for (const { batches } of requests) {
    const batch = batches.get(1);
    if (batch) assert.deepEqual(valuesOf(batch), ['small']);
  }
});

test('memory that is too small is not used, and too much of it is not kept', async () => {
  const { requests, append } = sending(() => new Map());
  await append([[0, 'x'.repeat(1000)]]);
  await append([[0, 'y'.repeat(300_000)]]);
  assert.deepEqual(valuesOf(requests[1]?.batches.get(0)), ['y'.repeat(300_000)]);
  await append([[0, 'z']]);
  assert.equal(requests[2]?.memory, requests[1]?.memory);
  await append([[0, 'x'.repeat(5 << 20)]]);
  await append([[0, 'z']]);
  assert.ok((requests.at(-1)?.memory.byteLength ?? 0) < 1 << 20);
});
