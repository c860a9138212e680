import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Asked {
  /** Milliseconds of this process's `performance.now()` at which the request's head was here. */
  readonly at: number;
  /** The same, when the worker sent it: both read the machine's monotonic clock. */
  readonly sent: number;
  readonly path: string;
  /** Process id of the worker. */
  readonly worker: string;
  readonly idempotencyKey: string;
  readonly patient: string;
  readonly id: string;
  readonly seq: number;
  /** Requests of this worker to this path that are under way, this one included. */
  readonly together: number;
  /** 0: not answered, or gone before the answer. */
  status: number;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly afterMs?: number;
}

/** How much a quota a second can be exceeded where calls arrive: those of the time that one was on its way come at once. */
export const held = (quota: number, wayMs: number): number => (quota * wayMs) / 1000;

/** The machine's monotonic clock on this process's scale, so that what another process read of it can be compared. */
const base = Number(process.hrtime.bigint()) / 1e6 - performance.now();
const monotonic = () => Number(process.hrtime.bigint()) / 1e6 - base;

/** The system that the workers of a row call: it answers as it is told, and notes what it was asked, in the order of arrival. */
export class Partner {
  readonly asked: Asked[] = [];
  answer: (asked: Asked) => Reply = () => ({ status: 200 });
  readonly #server: Server;
  readonly #underway = new Map<string, number>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const at = monotonic();
      const sent = Number(request.headers['x-sent']) - base;
      const worker = String(request.headers['x-worker']);
      const lane = `${worker} ${request.url}`;
      const together = (this.#underway.get(lane) ?? 0) + 1;
      this.#underway.set(lane, together);
      // Also when the worker gives up and closes its connection.
      response.once('close', () => this.#underway.set(lane, (this.#underway.get(lane) as number) - 1));
      void this.#note(request, { at, sent, worker, together })
        .then((asked) => {
          const { status, headers = {}, afterMs = 0 } = this.answer(asked);
          const answer = () => {
            if (response.destroyed) return;
            asked.status = status;
            response.writeHead(status, headers).end('{}');
          };
          if (afterMs > 0) setTimeout(answer, afterMs);
          else answer();
        })
        // A worker was killed in the middle of its request.
        .catch(() => response.destroy());
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  static async start(): Promise<Partner> {
    const own = new Partner();
    await new Promise<void>((resolve) => own.#server.listen(0, '127.0.0.1', resolve));
    return own;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests that arrived in this span. */
  between(from: number, to: number, path?: string): readonly Asked[] {
    return this.asked.filter(({ at, ...asked }) => at >= from && at < to && (path === undefined || asked.path === path));
  }

  /** The most requests that arrived, or were sent, in any second from then on. */
  worstSecond(when: 'at' | 'sent' = 'at', from = Number.NEGATIVE_INFINITY): number {
    const times = this.asked.map((asked) => asked[when]).filter((at) => at >= from);
    times.sort((a, b) => a - b);
    let worst = 0;
    for (let first = 0, last = 0; last < times.length; last++) {
      while ((times[last] as number) - (times[first] as number) >= 1_000) first++;
      worst = Math.max(worst, last - first + 1);
    }
    return worst;
  }

  longestWayMs(): number {
    return Math.round(this.asked.reduce((longest, { at, sent }) => Math.max(longest, at - sent), 0));
  }

  /** What is wrong with the calls that succeeded: an entry under two keys, or a patient's entries out of order. */
  faults(): readonly string[] {
    const found: string[] = [];
    const keys = new Map<string, string>();
    const last = new Map<string, number>();
    for (const { id, seq, patient, idempotencyKey, status } of this.asked) {
      if (status !== 200) continue;
      const key = keys.get(id) ?? idempotencyKey;
      if (key !== idempotencyKey) found.push(`${id} came under two keys`);
      keys.set(id, key);
      if (seq < (last.get(patient) ?? 0)) found.push(`${id} came after ${last.get(patient)}`);
      last.set(patient, seq);
    }
    return found;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #note(request: IncomingMessage, known: Pick<Asked, 'at' | 'sent' | 'worker' | 'together'>): Promise<Asked> {
    const body = JSON.parse(await text(request)) as Pick<Asked, 'patient' | 'id' | 'seq'>;
    const asked = { ...known, ...body, path: request.url ?? '', idempotencyKey: String(request.headers['idempotency-key']), status: 0 };
    this.asked.push(asked);
    return asked;
  }
}
