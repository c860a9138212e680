/**
 * Connections whose answers are read in place (answers.ts). What `openSocket` opens, and the library's own sockets, give kafkajs the
 * pieces that came, as ever.
 */
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { Answers, outOfBounds } from './answers.ts';
import { Connection, type OpenSocket } from './internals.ts';

const keepAliveMs = 60_000;
/** Of an answer: its length and its correlation id. */
const headBytes = 4 + 4;
/** Each `data` event of these is one whole answer. */
const inPlace = new WeakSet<Socket>();

/** kafkajs's socket factory, but that the answers are read in place. */
export const openInPlace: OpenSocket = ({ host, port, ssl, onConnect }) => {
  const answers = new Answers();
  const onread: OnReadOpts = {
    // Asked before every read.
    buffer: () => answers.room(),
    callback(count) {
      let whole: readonly Buffer[] = [];
      try {
        whole = answers.took(count);
      } catch (problem) {
        socket.destroy(problem as Error);
      }
      for (const answer of whole) socket.emit('data', answer);
      return true;
    },
  };
  const to = { host, port, onread };
  const name = isIP(host) ? {} : { servername: host };
  const socket = ssl ? connectTls({ ...to, ...name, ...ssl } as ConnectionOptions, onConnect) : connect(to, onConnect);
  socket.setKeepAlive(true, keepAliveMs);
  // TLS over a socket that somebody else opened knows no `onread`.
  if (!(ssl as { readonly socket?: object } | undefined)?.socket) inPlace.add(socket);
  return socket;
};

interface Receiving {
  readonly socket: Socket;
  /** While it authenticates: takes the answer with its length. */
  readonly authHandlers: { onSuccess(answer: Buffer): void } | null;
  readonly requestQueue: { fulfillRequest(answer: { size: number; correlationId: number; payload: Buffer }): void };
}

const original = Connection.prototype.processData;

function take(this: Receiving, data: Buffer): void {
  if (!inPlace.has(this.socket)) original.call(this, data);
  else if (this.authHandlers) this.authHandlers.onSuccess(data);
  else if (data.length < headBytes) this.socket.destroy(outOfBounds(data.length - 4));
  else this.requestQueue.fulfillRequest({ size: data.length - 4, correlationId: data.readInt32BE(4), payload: data.subarray(headBytes) });
}

/** Once a process: connections take whole answers from sockets that read in place. */
export function takeWholeAnswers(): void {
  Connection.prototype.processData = take as typeof original;
}
