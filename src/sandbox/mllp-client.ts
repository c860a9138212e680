import net from 'node:net';
import type { Clock } from '../clock/clock.ts';
import { systemClock } from '../clock/system.ts';
import { error } from '../errors/index.ts';
import { parse } from '../hl7/index.ts';
import { Framer, framed } from '../ingress/mllp/framer.ts';

/** An acknowledgement as the sender sees it. */
export interface ReceivedAck {
  /** MSA-1: AA, AE, AR, CA, CE, CR. */
  readonly code: string;
  /** MSA-2: the control id that it answers. */
  readonly controlId: string;
  readonly errors: readonly {
    readonly location: string;
    readonly condition: string;
    readonly severity: string;
    readonly code: string;
    readonly text: string;
  }[];
  readonly raw: Buffer;
}

export interface MllpClientOptions {
  readonly host: string;
  readonly port: number;
  /** Messages sent before the first of them is answered. @default 1 */
  readonly inFlight?: number;
  /** Milliseconds. @default 30_000 */
  readonly timeoutMs?: number;
  /** How often a message is sent when its connection is lost or no answer comes. @default 1 */
  readonly attempts?: number;
  readonly clock?: Clock;
}

export interface MllpClient {
  /**
   * Sends one message (framed here) and resolves with its acknowledgement, whatever its code. Rejects with
   * AORTA_MLLP_006 (no answer in time: the connection is closed, as its order is no longer known) or AORTA_MLLP_007.
   */
  send(message: Buffer | string): Promise<ReceivedAck>;
  close(): Promise<void>;
}

interface Sent {
  readonly bytes: Buffer;
  /** MSH-10; undefined when none can be read: then the next answer is its own. */
  readonly controlId: string | undefined;
  attempts: number;
  cancelTimer: () => void;
  readonly resolve: (ack: ReceivedAck) => void;
  readonly reject: (reason: Error) => void;
}

/** An MLLP sender: connects when needed, matches answers by MSA-2, drops late answers to messages it gave up. */
export function createMllpClient(options: MllpClientOptions): MllpClient {
  const { host, port, inFlight = 1, timeoutMs = 30_000, attempts = 1, clock = systemClock } = options;
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
    const opened = net.connect({ host, port, noDelay: true });
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

  const onAnswer = (ack: ReceivedAck): void => {
    const at = sent.findIndex((each) => each.controlId === undefined || ack.controlId === '' || each.controlId === ack.controlId);
    const [answered] = at < 0 ? [] : sent.splice(at, 1);
    answered?.cancelTimer();
    answered?.resolve(ack);
    pump();
  };

  const pump = (): void => {
    if (cancelRetry) return;
    while (queue.length > 0 && sent.length < inFlight) {
      const next = queue.shift();
      if (!next) return;
      const to = socket ?? connect();
      next.attempts++;
      sent.push(next);
      next.cancelTimer = clock.after(timeoutMs, () => lost(to, error('AORTA_MLLP_006', { seconds: timeoutMs / 1000 })));
      to.write(framed(next.bytes));
    }
  };

  return {
    send(message) {
      if (closed) return Promise.reject(error('AORTA_MLLP_007', { problem: 'the client is closed' }));
      const bytes = typeof message === 'string' ? Buffer.from(message) : message;
      return new Promise((resolve, reject) => {
        queue.push({ bytes, controlId: controlIdOf(bytes), attempts: 0, cancelTimer() {}, resolve, reject });
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

function controlIdOf(bytes: Buffer): string | undefined {
  try {
    return parse(bytes).field('MSH', 10).raw.toString('latin1') || undefined;
  } catch {
    return undefined;
  }
}

function readAck(content: Buffer): ReceivedAck {
  const message = parse(content);
  const errors = [...message.segments('ERR')].map((err) => ({
    location: err.field(2).raw.toString('latin1'),
    condition: err.field(3).component(1).text ?? '',
    severity: err.field(4).text ?? '',
    code: err.field(5).component(1).text ?? '',
    text: err.field(8).text ?? '',
  }));
  return { code: message.text('MSA-1') ?? '', controlId: message.field('MSA', 2).raw.toString('latin1'), errors, raw: content };
}
