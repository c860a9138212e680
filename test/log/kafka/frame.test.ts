import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { type FramedBody, type MakeRequest, withFrames } from '../../../src/log/kafka/frame.ts';
import { framed } from '../../../src/log/kafka/internals.ts';
import { produceRequest } from '../../../src/log/kafka/protocol.ts';

const require = createRequire(import.meta.url);

const bytes = (own: Buffer): FramedBody => ({ size: own.length, write: (into, at) => into.set(own, at) });

test('a framed request is byte for byte what kafkajs makes of the same body', async () => {
  const kafkajs: MakeRequest = async ({ correlationId, clientId, request }) => {
    const Encoder = require('kafkajs/src/protocol/encoder.js');
    const body = await (request as unknown as { encode(): Promise<unknown> }).encode();
    const whole = new Encoder()
      .writeInt16(request.apiKey)
      .writeInt16(request.apiVersion)
      .writeInt32(correlationId)
      .writeString(clientId)
      .writeEncoder(body);
    return new Encoder().writeInt32(whole.size()).writeEncoder(whole);
  };
  const { request } = produceRequest(
    [
      { topic: 'vitals', partition: 3, batch: bytes(Buffer.from('first batch')) },
      { topic: 'straße', partition: 0, batch: bytes(Buffer.alloc(5000, 7)) },
      { topic: 'vitals', partition: 11, batch: bytes(Buffer.from('second')) },
    ],
    9000,
  );
  for (const clientId of ['aorta-1', 'zürich', '']) {
    const parts = { correlationId: 77, clientId, request };
    assert.deepEqual((await withFrames(kafkajs)(parts)).buffer, (await kafkajs(parts)).buffer);
  }
});

test('kafkajs’s connections write frames: the function they took when they were loaded is ours', () => {
  const connection = require.resolve('kafkajs/src/network/connection.js');
  assert.ok(require.cache[connection], 'connections are loaded');
  assert.equal(require('kafkajs/src/protocol/request.js'), framed);
});
