import { connect } from 'node:net';

/** Sends `request` to host:port and gives the first bytes of the answer to `read`, which throws when they are not good. */
export function ask(address: string, request: Uint8Array, read: (answer: Buffer) => void, timeoutMs = 3_000): Promise<void> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (thrown?: Error) => {
      socket.destroy();
      thrown === undefined ? resolve() : reject(thrown);
    };
    socket.setTimeout(timeoutMs, () => end(new Error(`no answer from ${host}:${port} within ${timeoutMs} ms`)));
    socket.once('error', end);
    socket.once('close', () => end(new Error(`${host}:${port} closed the connection`)));
    socket.once('connect', () => socket.write(request));
    socket.once('data', (answer) => {
      try {
        read(answer);
        end();
      } catch (thrown) {
        end(thrown as Error);
      }
    });
  });
}
