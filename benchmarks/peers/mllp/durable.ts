import { Kafka, logLevel, type Message } from 'kafkajs';
import type { ListenerTask } from '../../mllp/listener.ts';

export interface Durable {
  /** Resolves once the message is in Kafka with acks=all, in the order of the calls. */
  write(patient: string, content: Buffer | string): Promise<void>;
  close(): Promise<void>;
}

interface Waiting {
  readonly message: Message;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * What both npm listeners do before they answer. Whatever comes while one send is under way goes into the next: as many
 * messages per request as there are, no timer, and no two requests that could overtake each other.
 */
export async function durable({ brokers, name, output }: ListenerTask): Promise<Durable> {
  const kafka = new Kafka({ brokers: [...brokers], clientId: name, logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  let waiting: Waiting[] = [];
  let sending = false;
  const send = async (): Promise<void> => {
    sending = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await producer.send({ topic: output, acks: -1, messages: batch.map(({ message }) => message) });
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        for (const { reject } of batch) reject(cause);
      }
    }
    sending = false;
  };
  return {
    write: (patient, content) =>
      new Promise((resolve, reject) => {
        waiting.push({ message: { key: patient, value: content }, resolve, reject });
        if (!sending) void send();
      }),
    close: () => producer.disconnect(),
  };
}
