import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Read } from './messages.ts';

/** What the EHR does with a read. */
export type Manner = { readonly kind: 'latency'; readonly ms: number } | { readonly kind: 'hang' };

interface Prepared {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

export interface Front {
  readonly url: string;
  manner: Manner;
  /** Reads since the last time. */
  taken(): Read[];
}

const now = (): number => performance.timeOrigin + performance.now();

/**
 * Stands before the sandbox EHR: asks it once for each URL, and answers with what it said from then on. The EHR is not
 * what is measured, and where it has to search and to write JSON anew for 1,200 reads a second it takes the machine from
 * the product. Each read is timed where it is answered, its latency with it.
 */
export async function startFront(behind: string): Promise<Front> {
  const prepared = new Map<string, Promise<Prepared>>();
  let reads: Read[] = [];
  const front = { manner: { kind: 'latency', ms: 0 } as Manner };

  const ask = async (path: string, authorization: string): Promise<Prepared> => {
    const answer = await fetch(`${behind}${path}`, { headers: { authorization, accept: 'application/fhir+json' } });
    // Links of a Bundle lead to where it was asked for.
    const body = Buffer.from((await answer.text()).replaceAll(behind, url));
    return { status: answer.status, type: answer.headers.get('content-type') ?? 'application/fhir+json', body };
  };
  const answerOf = (path: string, authorization: string) => {
    const known = prepared.get(path) ?? ask(path, authorization);
    prepared.set(path, known);
    return known;
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const from = now();
    const { url: path = '', headers } = request;
    const { authorization = '' } = headers;
    const record = () => void reads.push([authorization.slice('Bearer '.length), from, now()]);
    const { manner } = front;
    if (manner.kind === 'hang') return void response.once('close', record);
    const { status, type, body } = await answerOf(path, authorization);
    setTimeout(() => {
      if (response.destroyed) return;
      response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body);
      record();
    }, manner.ms);
  };
  const server: Server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(front, {
    url,
    taken() {
      const own = reads;
      reads = [];
      return own;
    },
  });
}
