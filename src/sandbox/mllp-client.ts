import net from 'node:net';
import tls from 'node:tls';
import type { Clock } from '../clock/clock.ts';
import { systemClock } from '../clock/system.ts';
import { error } from '../errors/index.ts';
import { Framer, framed } from '../ingress/mllp/framer.ts';
import { type Expected, expectedOf, type ReceivedAck, readAck } from './received-ack.ts';

export type { ReceivedAck } from './received-ack.ts';

export interface MllpClientOptions {
  readonly host: string;
  readonly port: number;
  /** Messages sent before the first of them is answered. @default 1 */
  readonly inFlight?: number;
  /** Milliseconds. @default 30_000 */
  readonly timeoutMs?: number;
  /** How often a message is sent when its connection is lost or no answer comes. @default 1 */
  readonly attempts?: number;
  /**
   * Milliseconds to wait for an acknowledgement that comes only in the good or only in the bad case (MSH-15, MSH-16: ER,
   * SU); then it is the other case. @default 1_000
   */
  readonly quietMs?: number;
  /** Speaks TLS. */
  readonly tls?: tls.ConnectionOptions;
  readonly clock?: Clock;
}

export interface MllpClient {
  /**
   * Sends one message or batch (framed here) and resolves with its last acknowledgement, whatever its code: in enhanced
   * mode the application's where it asks for one, and CE or CR if it is not accepted. Code '' when none was due.
   * Rejects with AORTA_MLLP_006 (no answer in time: the connection is closed, as its order is no longer known) or
   * AORTA_MLLP_007.
   */
  send(message: Buffer | string): Promise<ReceivedAck>;
  close(): Promise<void>;
}

interface Sent {
  readonly bytes: Buffer;
  readonly expected: Expected;
  accept: ReceivedAck | undefined;
  attempts: number;
  cancelTimer: () => void;
  readonly resolve: (ack: ReceivedAck) => void;
  readonly reject: (reason: Error) => void;
}

/** An MLLP sender: connects when needed, matches answers by MSA-2, drops late answers to messages it gave up. */
export function createMllpClient(options: MllpClientOptions): MllpClient {
  const { host, port, inFlight = 1, timeoutMs = 30_000, attempts = 1, quietMs = 1_000, clock = systemClock } = options;
  let socket: net.Socket | undefined;
  let closed = false;
  let cancelRetry: (() => void) | undefined;
  const queue: Sent[] = [];
  const sent: Sent[] = [];

  const lost = (from: net.Socket, reason: Error): void => {
    if (socket !== from) return;
    socket = undefined;
    from.destroy();
    for (const each of sent.splice(0).reverse()) {
      each.cancelTimer();
      if (each.attempts < attempts && !closed) queue.unshift(each);
      else each.reject(reason);
    }
    if (queue.length > 0 && !closed) {
      cancelRetry ??= clock.after(100, () => {
        cancelRetry = undefined;
        pump();
      });
    }
  };

  const connect = (): net.Socket => {
    const opened = options.tls ? tls.connect({ host, port, ...options.tls }) : net.connect({ host, port, noDelay: true });
    let problem = 'it was closed';
    const framer = new Framer(64 * 1024 * 1024, {
      frame(content) {
        try {
          onAnswer(readAck(content));
        } catch {
          problem = 'an answer is not HL7';
          opened.destroy();
        }
      },
      truncated() {},
      outside() {},
      tooLarge: () => opened.destroy(),
    });
    opened.on('data', (chunk) => framer.push(chunk));
    opened.on('error', (cause: NodeJS.ErrnoException) => {
      problem = cause.code ?? cause.name;
    });
    opened.on('end', () => opened.end());
    opened.on('close', () => lost(opened, error('AORTA_MLLP_007', { problem })));
    socket = opened;
    return opened;
  };

  const finish = (one: Sent, ack: ReceivedAck): void => {
    const at = sent.indexOf(one);
    if (at < 0) return;
    sent.splice(at, 1);
    one.cancelTimer();
    one.resolve(one.accept && one.accept !== ack ? { ...ack, accept: one.accept } : ack);
    pump();
  };

  const onAnswer = (ack: ReceivedAck): void => {
    const one = sent.find(({ expected: { controlId } }) => controlId === undefined || ack.controlId === '' || controlId === ack.controlId);
    if (!one) return;
    if (ack.code !== 'CA' || one.expected.afterAccept === 'none') return finish(one, ack);
    one.accept = ack;
    if (one.expected.afterAccept === 'sure') return;
    one.cancelTimer();
    one.cancelTimer = clock.after(quietMs, () => finish(one, ack));
  };

  /** Waits for what the message asks for. */
  const wait = (one: Sent, to: net.Socket): void => {
    const { first, controlId = '' } = one.expected;
    const none: ReceivedAck = { code: '', controlId, errors: [], raw: Buffer.alloc(0) };
    if (first === 'sure') one.cancelTimer = clock.after(timeoutMs, () => lost(to, error('AORTA_MLLP_006', { seconds: timeoutMs / 1000 })));
    else one.cancelTimer = clock.after(first === 'none' ? 0 : quietMs, () => finish(one, one.accept ?? none));
  };

  const pump = (): void => {
    if (cancelRetry) return;
    while (queue.length > 0 && sent.length < inFlight) {
      const next = queue.shift();
      if (!next) return;
      const to = socket ?? connect();
      next.attempts++;
      next.accept = undefined;
      sent.push(next);
      // Timed from when it has gone out: a connection may still have to be made.
      to.write(framed(next.bytes), () => next.expected.first !== 'sure' && socket === to && sent.includes(next) && wait(next, to));
      if (next.expected.first === 'sure') wait(next, to);
    }
  };

  return {
    send(message) {
      if (closed) return Promise.reject(error('AORTA_MLLP_007', { problem: 'the client is closed' }));
      const bytes = typeof message === 'string' ? Buffer.from(message) : message;
      return new Promise((resolve, reject) => {
        queue.push({ bytes, expected: expectedOf(bytes), accept: undefined, attempts: 0, cancelTimer() {}, resolve, reject });
        pump();
      });
    },
    async close() {
      closed = true;
      cancelRetry?.();
      const gone = error('AORTA_MLLP_007', { problem: 'the client is closed' });
      for (const each of queue.splice(0)) each.reject(gone);
      const open = socket;
      if (!open) return;
      const ended = new Promise<void>((resolve) => open.once('close', () => resolve()));
      lost(open, gone);
      await ended;
    },
  };
}
