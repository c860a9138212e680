import { type Hl7MessageEvent, Hl7Server } from '@medplum/hl7';
import { packageVersions } from '../../contract/versions.ts';
import type { Listener } from '../../mllp/listener.ts';
import { durable } from './durable.ts';

/** Medplum's listener: it parses each message and hands it out; the answer is ours to give. */
export const listener: Listener = {
  name: 'medplum',
  what: '@medplum/hl7, kafkajs, the answer after acks=all',
  versions: () => packageVersions('@medplum/hl7', '@medplum/core', 'kafkajs'),
  async start(task) {
    const log = await durable(task);
    const server = new Hl7Server((connection) => {
      connection.addEventListener('message', ({ message }: Hl7MessageEvent) => {
        const patient = message.getSegment('PID')?.getField(3)?.getComponent(1) ?? '';
        log.write(patient, message.toString()).then(
          () => connection.send(message.buildAck({ ackCode: 'AA' })),
          () => connection.send(message.buildAck({ ackCode: 'AE' })),
        );
      });
    });
    await server.start(task.port);
    return {
      async close() {
        await server.stop({ forceDrainTimeoutMs: 1_000 });
        await log.close();
      },
    };
  },
};
