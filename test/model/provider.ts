import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../sandbox/ehr/open.ts';

export interface Provider {
  readonly baseUrl: string;
  readonly origin: string;
  /** Bodies of requests as they came. */
  readonly asked: string[];
  /** Requests whose connection the client closed before the answer was whole. */
  readonly left: () => number;
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

const chunk = (content: string, more: object = {}) =>
  `data: ${JSON.stringify({ model: 'test-model-2026', choices: [{ delta: { content }, finish_reason: null }], ...more })}\n\n`;

/** Says these pieces, then ends as the protocol has it. */
export const says =
  (...pieces: string[]) =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces) response.write(chunk(piece));
    response.write(`data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] })}\n\n`);
    response.write(`data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 120, completion_tokens: 7 } })}\n\n`);
    response.end('data: [DONE]\n\n');
  };

/** Says one piece and then nothing. */
export const hangsAfter =
  (...pieces: string[]) =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces) response.write(chunk(piece));
    response.flushHeaders();
  };

/** A server that speaks the chat completions protocol, to order. */
export async function openProvider(scope: Scope): Promise<Provider> {
  let left = 0;
  const asked: string[] = [];
  const provider = { asked, left: () => left, answer: says('Hello ', 'world.') };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked.push(Buffer.concat(parts).toString('utf8'));
      response.on('close', () => {
        if (!response.writableEnded) left++;
      });
      provider.answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(provider, { baseUrl: `${origin}/v1`, origin });
}
