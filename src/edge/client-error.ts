import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { failureOf, problemOf } from './problem.ts';

const statusOf: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/**
 * What is no HTTP request gets an answer too, and then the connection is closed: where the next one begins is unknown. Bytes after
 * a request that said `Connection: close` are nobody's request: the only answer of that connection is the one under way.
 */
export function answerClientErrors(thrown: Error & { code?: string }, socket: Socket): void {
  if (thrown.code === 'ECONNRESET' || thrown.code === 'HPE_CLOSED_CONNECTION' || socket.destroyed) return;
  if (!socket.writable) return void socket.destroy();
  const status = statusOf[thrown.code ?? ''] ?? 400;
  const body = JSON.stringify(problemOf(failureOf({ statusCode: status, code: thrown.code ?? 'HTTP' })));
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json; charset=utf-8\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
