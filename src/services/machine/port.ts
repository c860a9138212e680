import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

// Below the kernel's range for outgoing connections: a client's socket must not take the port of a stopped broker.
const lowest = 20_000;
const highest = 32_000;

/** `wanted` when it is free on loopback, else another free port. */
export async function freePort(wanted?: number): Promise<number> {
  // A killed process of ours is gone before the last of its threads has let go of the port.
  for (let tries = 0; wanted !== undefined && tries < 20; tries++) {
    if (await canListen(wanted)) return wanted;
    await sleep(50);
  }
  for (let tries = 0; tries < 200; tries++) {
    const port = randomInt(lowest, highest);
    if (await canListen(port)) return port;
  }
  throw new Error(`no free TCP port between ${lowest} and ${highest} on 127.0.0.1`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
