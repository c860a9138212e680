import type { Socket } from 'node:net';
import type { Clock } from '../../clock/clock.ts';
import { type ErrorCode, error } from '../../errors/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import { Answers } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { Framer } from './framer.ts';
import { Lane } from './lane.ts';
import type { MllpLimits } from './limits.ts';
import type { MllpMetrics } from './metrics.ts';
import { Outside } from './outside.ts';
import { keptBytes, type Refuse } from './refusal.ts';

export type CloseReason =
  | 'peer'
  | 'error'
  | 'idle'
  | 'frame-too-large'
  | 'held-bytes'
  | 'stalled'
  | 'outside-bytes'
  | 'unread-answers'
  | 'shutdown';

export interface ConnectionParts {
  readonly limits: MllpLimits;
  readonly exchange: Exchange;
  readonly refuse: Refuse;
  readonly metrics: MllpMetrics;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Bytes that open frames and unanswered messages of all connections hold. */
  readonly held: { bytes: number };
}

type Details = Record<string, string | number>;
type Item =
  | { readonly kind: 'frame'; readonly content: Buffer; readonly receivedAt: number }
  | { readonly kind: 'refused'; code: ErrorCode; reason: string; body: Buffer; size: number; details: Details };

/** Open frames from this size on are given up when memory is short. */
const sacrificed = 1024 * 1024;
/** After the last answer to a peer that still sends: what it sends is read and thrown away, or a reset would eat the answer. */
const lingerMs = 1_000;

/**
 * One sender. Answers leave in the order in which frames came; at most `inFlight` are unanswered, then the socket is
 * paused (backpressure reaches the sender by TCP). Closing is orderly: what came whole is answered first.
 */
export class Connection {
  readonly peer: string;
  /** The socket is closed. */
  readonly closed: Promise<void>;
  /** And everything that came over it is dealt with. */
  readonly settled: Promise<void>;
  readonly #socket: Socket;
  readonly #parts: ConnectionParts;
  /** Whom the client's certificate names. */
  readonly #subject: string | undefined;
  readonly #framer: Framer;
  readonly #lane = new Lane();
  readonly #backlog: Item[] = [];
  readonly #answers: Answers;
  readonly #outside = new Outside();
  #running = 0;
  #runningBytes = 0;
  #held = 0;
  #frames = 0;
  #lastByteAt: number;
  /** When a frame was last open or ended: bytes outside of frames do not keep a connection. */
  #lastFrameAt: number;
  #frameSince = 0;
  #frameBytes = 0;
  /** No more input is taken; the connection ends when everything is answered. */
  #ending: CloseReason | undefined;
  #finished = false;
  #gone = false;
  #settle: () => void = () => {};

  constructor(socket: Socket, parts: ConnectionParts, subject?: string) {
    this.#socket = socket;
    this.#subject = subject;
    this.#answers = new Answers(socket, parts.clock);
    this.#parts = parts;
    this.peer = socket.remoteAddress ?? 'unknown';
    this.#lastByteAt = this.#lastFrameAt = parts.clock.monotonic();
    this.#framer = new Framer(parts.limits.frameBytes, {
      frame: (content) => this.#onFrame(content),
      truncated: (content) => this.#add('AORTA_MLLP_003', 'truncated', content, content.length, { problem: 'another one began inside it' }),
      outside: (bytes) => this.#onOutside(bytes),
      tooLarge: (head) => {
        this.#add('AORTA_MLLP_001', 'frame-too-large', head, head.length, { limit: parts.limits.frameBytes });
        this.#end('frame-too-large');
      },
    });
    let closed: () => void = () => {};
    this.closed = new Promise((resolve) => {
      closed = resolve;
    });
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#pump());
    socket.on('error', () => this.#end('error'));
    socket.on('close', () => {
      this.#account();
      this.#cutOff('the connection was closed');
      this.#gone = true;
      this.#end('error');
      parts.metrics.closed(this.#ending ?? 'error');
      closed();
    });
  }

  /** Takes no more input, answers what came whole, and closes. */
  drain(): void {
    this.#end('shutdown');
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Called once a second or so: closes what is idle, stalled, or does not read. */
  check(now: number): void {
    const { limits } = this.#parts;
    if (this.#socket.destroyed) return;
    if (now - (this.#answers.unreadSince ?? now) > limits.writeMs) {
      this.#ending ??= 'unread-answers';
      this.#socket.destroy();
      return;
    }
    if (this.#ending) return;
    if (this.#framer.open && !this.#socket.isPaused()) {
      const late = now - this.#frameSince - limits.frameMs;
      const silent = now - this.#lastByteAt > limits.frameMs;
      if (!silent && (late <= 0 || this.#frameBytes >= (late / 1000) * limits.frameRate)) return;
      const body = this.#framer.end() ?? Buffer.alloc(0);
      this.#account();
      this.#log('mllp.frame.stalled', { bytes: body.length, ms: now - this.#frameSince });
      this.#add('AORTA_MLLP_002', 'stalled', body, body.length, {});
      this.#end('stalled');
    } else if (!this.#framer.open && this.#answers.waiting === 0 && now - this.#lastFrameAt > limits.idleMs) {
      this.#log('mllp.connection.idle', { ms: now - this.#lastFrameAt, count: this.#frames });
      this.#end('idle');
    }
  }

  #log(event: string, fields: { readonly ms: number; readonly bytes?: number; readonly count?: number }): void {
    this.#parts.telemetry.log('warn', event, { peer: this.peer, certificate: this.#subject, ...fields });
  }

  #onData(chunk: Buffer): void {
    if (this.#ending) return;
    this.#lastByteAt = this.#parts.clock.monotonic();
    const wasOpen = this.#framer.open;
    const framesBefore = this.#frames;
    this.#framer.push(chunk);
    if (this.#framer.open) {
      this.#lastFrameAt = this.#lastByteAt;
      if (!wasOpen || this.#frames !== framesBefore) {
        this.#frameSince = this.#lastByteAt;
        this.#frameBytes = 0;
      }
      this.#frameBytes += chunk.length;
    }
    this.#account();
    const { limits, held } = this.#parts;
    if (held.bytes > limits.heldBytes && this.#framer.held > sacrificed) {
      const body = this.#framer.end() ?? Buffer.alloc(0);
      this.#account();
      this.#add('AORTA_MLLP_005', 'held-bytes', body, body.length, { limit: limits.heldBytes });
      this.#end('held-bytes');
    }
    this.#pump();
  }

  #onFrame(content: Buffer): void {
    this.#flushOutside();
    this.#frames++;
    this.#lastFrameAt = this.#lastByteAt;
    this.#parts.metrics.frameBytes.observe(content.length);
    this.#backlog.push({ kind: 'frame', content, receivedAt: this.#parts.clock.now() });
  }

  #onOutside(bytes: Buffer): void {
    this.#parts.metrics.outsideBytes.inc(bytes.length);
    this.#outside.add(bytes);
    if (this.#outside.total <= this.#parts.limits.outsideBytes) return;
    this.#flushOutside();
    this.#end('outside-bytes');
  }

  #flushOutside(): void {
    const junk = this.#outside.take();
    if (junk) this.#add('AORTA_MLLP_004', 'outside-frame', junk.head, junk.size, {});
  }

  #onEnd(): void {
    this.#cutOff('the sender ended the connection');
    this.#end('peer');
  }

  /** What was begun and will not be completed. Not answered: the answer could be taken for another message's. */
  #cutOff(problem: string): void {
    if (this.#finished) return;
    this.#flushOutside();
    const rest = this.#framer.end();
    if (rest && this.#ending !== 'shutdown') this.#add('AORTA_MLLP_003', 'truncated', rest, rest.length, { problem });
  }

  #add(code: ErrorCode, reason: string, body: Buffer, size: number, details: Details): void {
    this.#backlog.push({ kind: 'refused', code, reason, body: Buffer.from(body.subarray(0, keptBytes)), size, details });
  }

  #account(): void {
    const held = (this.#framer.open ? this.#framer.held : 0) + this.#runningBytes;
    this.#parts.held.bytes += held - this.#held;
    this.#held = held;
  }

  #pump(): void {
    while (this.#backlog.length > 0 && !this.#full) {
      const item = this.#backlog.shift();
      if (item) this.#start(item);
    }
    const full = this.#backlog.length > 0 || this.#full;
    if (this.#ending) this.#finishIfDone();
    else if (full && !this.#socket.isPaused()) this.#socket.pause();
    else if (!full && this.#socket.isPaused()) this.#resume();
  }

  get #full(): boolean {
    const { inFlight, inFlightBytes } = this.#parts.limits;
    return (
      this.#running >= inFlight || (this.#running > 0 && this.#runningBytes >= inFlightBytes) || this.#answers.unreadSince !== undefined
    );
  }

  /** The sender could not go on while it was paused: its time starts again. */
  #resume(): void {
    const now = this.#parts.clock.monotonic();
    this.#lastByteAt = this.#lastFrameAt = this.#frameSince = now;
    this.#frameBytes = 0;
    this.#socket.resume();
  }

  #start(item: Item): void {
    const answered = this.#answers.place();
    const bytes = item.kind === 'frame' ? item.content.length : item.body.length;
    this.#running++;
    this.#runningBytes += bytes;
    this.#account();
    const { exchange, refuse, metrics, clock } = this.#parts;
    const started = clock.monotonic();
    const done = (answers: readonly Buffer[]): void => {
      this.#running--;
      this.#runningBytes -= bytes;
      this.#account();
      if (answers.length > 0) metrics.ackSeconds.observe((clock.monotonic() - started) / 1000);
      answered(answers);
      this.#pump();
    };
    if (item.kind === 'frame') {
      const { content, receivedAt } = item;
      void exchange({ content, peer: this.peer, subject: this.#subject, receivedAt, ticket: this.#lane.ticket() }).then(done);
      return;
    }
    const { message } = error(item.code, item.details);
    const { code, reason, body, size } = item;
    void refuse({ code, message, reason, peer: this.peer, body, size, receivedAt: clock.now() }).then(() => done([]));
  }

  #end(reason: CloseReason): void {
    this.#ending ??= reason;
    this.#account();
    this.#pump();
  }

  #finishIfDone(): void {
    if (this.#backlog.length > 0 || this.#answers.waiting > 0) return;
    if (this.#gone) this.#settle();
    if (this.#finished) return;
    this.#finished = true;
    const socket = this.#socket;
    if (socket.destroyed) return;
    socket.end();
    socket.resume();
    const cancel = this.#parts.clock.after(lingerMs, () => socket.destroy());
    socket.once('close', cancel);
  }
}
