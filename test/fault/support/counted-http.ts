import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Hands HTTP requests on to the server of `url`, and counts them by path. */
export interface CountedHttp {
  readonly url: string;
  readonly port: number;
  /** Requests whose path holds this. */
  count(part: string): number;
  close(): Promise<void>;
}

export async function countedHttp(url: string): Promise<CountedHttp> {
  const target = new URL(url);
  const paths: string[] = [];
  const server = createServer((incoming, answer) => {
    paths.push(incoming.url ?? '');
    const { hostname, port } = target;
    const onward = request({ hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers }, (came) => {
      answer.writeHead(came.statusCode ?? 502, came.headers);
      came.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const own = new URL(url);
  own.hostname = '127.0.0.1';
  own.port = String(port);
  return {
    url: own.href,
    port,
    count: (part) => paths.filter((path) => path.includes(part)).length,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
