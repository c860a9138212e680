import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { connectOnce } from '../../../src/log/kafka/connecting.ts';
import { Connection, type OpenSocket } from '../../../src/log/kafka/internals.ts';
import { day, fresh, openLog, removeTopics } from './support.ts';

const topic = fresh('connecting');
after(() => removeTopics([topic]));

/** A connection stands this much later than its socket: on a fast machine nothing would meet it while it is opened. */
const standsAfterMs = 200;

/** Twelve reads that come together, and what became of the sockets. */
async function together(patched: boolean): Promise<{ readonly opened: number; readonly left: number }> {
  const sockets: Socket[] = [];
  const openSocket: OpenSocket = ({ host, port, onConnect }) => {
    const socket = connect({ host, port }, () => setTimeout(onConnect, standsAfterMs));
    sockets.push(socket);
    return socket;
  };
  const log = openLog({ openSocket });
  const undo = connectOnce();
  try {
    await log.ensureTopics([{ name: topic, partitions: 12, retentionMs: 7 * day, compacted: false }]);
    await log.append(Array.from({ length: 12 }, (_, partition) => ({ topic, partition, key: 'p', value: Buffer.from('v'), headers: {} })));
    if (!patched) undo();
    await Promise.all(Array.from({ length: 12 }, (_, partition) => log.read({ topic, partition }, 0, 1)));
  } finally {
    connectOnce();
  }
  const opened = sockets.length;
  await log.close();
  const closed = (socket: Socket) => socket.destroyed || new Promise((done) => socket.once('close', done));
  const all = Promise.all(sockets.map(closed)).then(() => 0);
  const some = new Promise<number>((done) => setTimeout(() => done(sockets.filter((socket) => !socket.destroyed).length), 3000).unref());
  return { opened, left: await Promise.race([all, some]) };
}

test('K14: requests that meet a closed connection together wait for one socket; kafkajs as it comes opens one each', async () => {
  const ours = await together(true);
  let raw = await together(false);
  // The reads meet a closed connection only if it does not stand by the time that they are sent.
  for (let more = 0; raw.opened <= ours.opened + 5 && more < 5; more++) raw = await together(false);
  assert.ok(raw.opened > ours.opened + 5, `the control opened ${raw.opened}, ours ${ours.opened}`);
  assert.ok(ours.opened <= 4, `${ours.opened} sockets`);
});

test('whatever was opened is closed with the log, also what the library lost sight of', async () => {
  assert.equal((await together(true)).left, 0);
  assert.equal((await together(false)).left, 0);
});

test('the part of an answer inside which a connection was cut is forgotten when it is opened anew', async () => {
  connectOnce();
  const cut = (connected: boolean) => ({
    ...{ chunks: [Buffer.alloc(70)], bytesBuffered: 70, bytesNeeded: 1_000, isConnected: () => connected },
    ...{ logDebug() {}, connectionTimeout: 1_000 },
    socketFactory: () => assert.fail('no socket here'),
  });
  const closed = cut(false);
  await assert.rejects(Connection.prototype.connect.call(closed as never));
  assert.deepEqual([closed.chunks, closed.bytesBuffered, closed.bytesNeeded], [[], 0, 4]);
  const standing = cut(true);
  await Connection.prototype.connect.call(standing as never);
  assert.equal(standing.bytesBuffered, 70, 'one that stands is in the middle of its answer');
});
