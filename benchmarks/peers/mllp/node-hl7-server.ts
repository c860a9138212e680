import { once } from 'node:events';
import { Server } from 'node-hl7-server';
import { packageVersions } from '../../contract/versions.ts';
import type { Listener } from '../../mllp/listener.ts';
import { durable } from './durable.ts';

/**
 * node-hl7-server. It never empties a connection's buffer (2.5.0, `inbound.js`): a second message on the same one comes with
 * the first before it, as a batch of both. So its sender makes a connection for each message.
 */
export const listener: Listener = {
  name: 'node-hl7-server',
  what: 'node-hl7-server, kafkajs, the answer after acks=all; a connection for each message, as it cannot take two',
  oneMessage: true,
  versions: () => packageVersions('node-hl7-server', 'kafkajs'),
  async start(task) {
    const log = await durable(task);
    const server = new Server({ bindAddress: '127.0.0.1' });
    const inbound = server.createInbound({ port: task.port }, async (request, response) => {
      const message = request.getMessage();
      await log.write(message.get('PID.3.1').toString(), message.toString()).then(
        () => response.sendResponse('AA'),
        () => response.sendResponse('AE'),
      );
    });
    await once(inbound, 'listen');
    return {
      async close() {
        await inbound.close();
        await log.close();
      },
    };
  },
};
