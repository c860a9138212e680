import { connect, createServer, type Socket } from 'node:net';
import type { OpenSocket } from '../../../src/log/kafka/internals.ts';
import { openInPlace } from '../../../src/log/kafka/reading.ts';

/** A TCP relay between a client and the brokers, with faults. The client reaches it by `openSocket`, whatever address it asks for. */
export interface FaultProxy {
  readonly openSocket: OpenSocket;
  /** Swallows what the brokers answer: requests arrive and take effect, nobody hears of it. */
  muteAnswers(on: boolean): void;
  /** Cuts every connection. */
  cut(): void;
  /** Refuses new connections (and cuts the open ones). */
  refuse(on: boolean): void;
  /** Replaces these bytes in what the brokers answer, where they lie in one chunk. */
  tamper(find: Buffer, replace: Buffer): void;
  readonly connections: number;
  close(): Promise<void>;
}

export async function faultProxy(): Promise<FaultProxy> {
  const open = new Set<Socket>();
  let muted = false;
  let refusing = false;
  let find: Buffer | undefined;
  let replacement: Buffer | undefined;
  let connections = 0;

  const server = createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    connections++;
    // The first line says where to: the client's factory writes it before anything else.
    client.once('data', (first: Buffer) => {
      const end = first.indexOf(10);
      const [host, port] = first.toString('latin1', 0, end).split(' ') as [string, string];
      const broker = connect({ host, port: Number(port), noDelay: true });
      open.add(client).add(broker);
      if (first.length > end + 1) broker.write(first.subarray(end + 1));
      client.on('data', (data) => broker.write(data));
      broker.on('data', (data: Buffer) => {
        if (muted) return;
        if (find && replacement) {
          for (let at = data.indexOf(find); at >= 0; at = data.indexOf(find, at + find.length)) replacement.copy(data, at);
        }
        client.write(data);
      });
      for (const [one, other] of [
        [client, broker],
        [broker, client],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => {
          open.delete(one);
          other.destroy();
        });
      }
    });
    client.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as { port: number };
  const cut = () => {
    for (const socket of open) socket.destroy();
  };

  return {
    openSocket: ({ host, port, onConnect }) => {
      // Read in place, as without a proxy: the faults are to meet what production has.
      const socket = openInPlace({ host: '127.0.0.1', port: own, onConnect });
      socket.write(`${host} ${port}\n`);
      // A cut connection reaches kafkajs as an end, as a broker's orderly one would.
      socket.on('close', () => socket.emit('end'));
      return socket;
    },
    muteAnswers(on) {
      muted = on;
    },
    cut,
    refuse(on) {
      refusing = on;
      if (on) cut();
    },
    tamper(from, to) {
      find = from;
      replacement = to;
    },
    get connections() {
      return connections;
    },
    close: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
  };
}
