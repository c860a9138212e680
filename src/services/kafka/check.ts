import { ask } from '../socket.ts';

/**
 * Asks a broker for its API versions (KIP-35, version 0). A KRaft broker answers clients only once it is
 * registered and unfenced, so an answer means ready.
 */
export async function checkKafka(brokers: string): Promise<void> {
  const addresses = brokers.split(',').map((address) => address.trim());
  const answers = await Promise.allSettled(addresses.map((address) => ask(address, apiVersions(), readApiVersions)));
  if (answers.some((answer) => answer.status === 'fulfilled')) return;
  throw (answers[0] as PromiseRejectedResult).reason;
}

const clientId = Buffer.from('aorta-check');
const correlationId = 7;

function apiVersions(): Buffer {
  const request = Buffer.alloc(4 + 10 + clientId.length);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(18, 4);
  request.writeInt16BE(0, 6);
  request.writeInt32BE(correlationId, 8);
  request.writeInt16BE(clientId.length, 12);
  clientId.copy(request, 14);
  return request;
}

function readApiVersions(answer: Buffer): void {
  if (answer.length < 10 || answer.readInt32BE(4) !== correlationId) throw new Error('the answer is not Kafka');
  const code = answer.readInt16BE(8);
  if (code !== 0) throw new Error(`the broker answered with error ${code}`);
}
