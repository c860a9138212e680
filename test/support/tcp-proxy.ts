import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What the proxy does with the bytes of one direction: forwards them, drops the connection, or keeps silent. */
export type Verdict = 'forward' | 'cut';

/**
 * A TCP proxy on loopback that fails on purpose. `hold` makes a black hole: connections stay open and are accepted,
 * nothing passes. `onRequest` and `onReply` look at each piece of bytes before it is forwarded.
 */
export class TcpProxy {
  onRequest: (bytes: Buffer) => Verdict = () => 'forward';
  onReply: (bytes: Buffer) => Verdict = () => 'forward';
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #target: { host: string; port: number };
  readonly #server = createServer({ pauseOnConnect: true }, (client) => this.#join(client));
  #held = false;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
  }

  /** In front of the server of `url`. */
  static async to(url: string): Promise<{ proxy: TcpProxy; url: string }> {
    const through = new URL(url);
    const proxy = new TcpProxy({ host: through.hostname, port: Number(through.port) });
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    through.hostname = '127.0.0.1';
    through.port = String((proxy.#server.address() as AddressInfo).port);
    return { proxy, url: through.href };
  }

  hold(): void {
    this.#held = true;
    for (const socket of this.#sockets) socket.pause();
  }

  release(): void {
    this.#held = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    this.connections++;
    const server = connect(this.#target);
    const pipe = (from: Socket, to: Socket, look: (bytes: Buffer) => Verdict) => {
      this.#sockets.add(from);
      from.on('data', (bytes: Buffer) => {
        if (look(bytes) === 'forward') to.write(bytes);
        else {
          client.resetAndDestroy();
          server.resetAndDestroy();
        }
      });
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    };
    pipe(client, server, (bytes) => this.onRequest(bytes));
    pipe(server, client, (bytes) => this.onReply(bytes));
    if (this.#held) server.pause();
    else client.resume();
  }
}
