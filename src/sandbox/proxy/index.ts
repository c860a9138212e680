import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Clock, Random } from '../../clock/clock.ts';
import { systemClock, systemRandom } from '../../clock/system.ts';
import { Direction } from './direction.ts';
import type { Fault, LostReply } from './fault.ts';

export type { Fault, LostReply } from './fault.ts';

export interface FaultProxyOptions {
  readonly host: string;
  readonly port: number;
  /** Own port; 0 picks a free one. @default 0 */
  readonly listen?: number;
  readonly clock?: Clock;
  /** Of the jitter. */
  readonly random?: Random;
}

export interface FaultProxy {
  /** Own port, on loopback. */
  readonly port: number;
  /** Connections accepted so far, and those open now. */
  readonly accepted: number;
  readonly open: number;
  /** Replies lost so far. */
  readonly lost: number;
  /** The same address by way of the proxy: a URL, or `host:port`. */
  through(address: string): string;
  /** From now on, for open connections too; nothing: all is well. */
  suffer(fault?: Fault): void;
  /** Loses the next `times` replies that fit, each with its connection. */
  loseReplies(which: LostReply, times?: number): void;
  /** Resets every connection (RST). */
  reset(): void;
  /** Resets every connection and stops to listen. */
  close(): Promise<void>;
}

/**
 * A TCP proxy on loopback that fails on purpose, between a client and any server: broker, database, registry, cache, a
 * partner's endpoint. Latency, jitter, bandwidth, black hole, reset, refusal, slices, lost replies.
 * `through(address)` gives the address to use instead; `suffer(fault)` begins a fault and `suffer()` ends it.
 */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { host, port, listen = 0, clock = systemClock, random = systemRandom } = options;
  const sockets = new Set<Socket>();
  let fault: Fault = {};
  let losing: { readonly which: LostReply; left: number } | undefined;
  let replies = 0;
  let lost = 0;
  let accepted = 0;
  let change = Promise.withResolvers<void>();

  const loses = (bytes: Buffer, own: { sent: number; asked: boolean }): boolean => {
    const begins = own.asked;
    own.asked = false;
    own.sent += bytes.length;
    if (begins) replies++;
    if (!losing) return false;
    const { which } = losing;
    const fits = 'bytes' in which ? own.sent > which.bytes : 'every' in which ? begins && replies % which.every === 0 : which.when(bytes);
    if (!fits) return false;
    lost++;
    losing.left--;
    if (losing.left <= 0) losing = undefined;
    return true;
  };

  // Half-open: an end is carried behind the bytes before it, so that a slow direction loses none.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on('error', () => {});
    if (fault.refuse) {
      client.resetAndDestroy();
      return;
    }
    accepted++;
    const upstream = connect({ host, port, noDelay: true, allowHalfOpen: true });
    // As the client was told, also before the upstream is connected: resetting an unconnected socket only closes it.
    const cut = () => {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    };
    upstream.on('error', cut);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('close', (hadError) => {
        sockets.delete(one);
        if (hadError) other.resetAndDestroy();
        else other.destroySoon();
      });
    }
    const own = { sent: 0, asked: false };
    const shared = { clock, random, fault: () => fault, changed: () => change.promise, lose: cut };
    new Direction(client, upstream, {
      ...shared,
      look: () => {
        own.asked = true;
        return true;
      },
    });
    new Direction(upstream, client, { ...shared, look: (bytes) => !loses(bytes, own) });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };

  return {
    port: address.port,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size / 2;
    },
    get lost() {
      return lost;
    },
    through(original) {
      if (!original.includes('://')) return `127.0.0.1:${address.port}`;
      const url = new URL(original);
      url.hostname = '127.0.0.1';
      url.port = String(address.port);
      return url.href;
    },
    suffer(next = {}) {
      fault = next;
      const before = change;
      change = Promise.withResolvers<void>();
      before.resolve();
    },
    loseReplies(which, times = 1) {
      losing = { which, left: times };
    },
    reset,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      reset();
      await closed;
    },
  };
}
