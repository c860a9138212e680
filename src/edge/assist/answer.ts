import type { Clock } from '../../clock/clock.ts';
import { AortaError, error } from '../../errors/index.ts';
import type { AssistLimits } from './options.ts';
import type { EventWriter } from './writer.ts';

/** What long work is offered as instead. */
export interface JobOffer {
  readonly method: 'POST';
  readonly href: '/api/jobs';
  readonly body: { readonly type: 'clinical-draft'; readonly patientId: string };
}

export interface AnswerOptions {
  readonly id: string;
  /** Who asked: nobody else may resume it. */
  readonly owner: string;
  /** Digest of what was asked. */
  readonly asked: string;
  readonly clock: Clock;
  readonly limits: AssistLimits;
  readonly offer: JobOffer;
  /** Milliseconds (monotonic) of the request. */
  readonly since: number;
  /** How it ended: `done`, or a code. */
  readonly ended: (outcome: string) => void;
}

const done = '[DONE]';
/** Bytes of one answer: the budget of tokens ends it long before. */
const largest = 256 * 1024;
const isSlow = (code: string): boolean => ['AORTA_ASSIST_001', 'AORTA_ASSIST_002', 'AORTA_MODEL_007'].includes(code);

/**
 * One answer with its events, numbered from 1, and the clients that read it. It lives on for a moment without any, and
 * for two minutes after its end, so that a client whose connection broke gets the rest (Last-Event-ID).
 */
export class Answer {
  readonly id: string;
  readonly owner: string;
  readonly asked: string;
  readonly #options: AnswerOptions;
  readonly #events: string[] = [];
  readonly #readers = new Set<EventWriter>();
  readonly #abort = new AbortController();
  readonly #cancels: (() => void)[] = [];
  #cancelGrace = () => {};
  #bytes = 0;
  #firstTokenAt: number | undefined;
  over = false;

  constructor(options: AnswerOptions) {
    const { clock, limits, since } = options;
    this.id = options.id;
    this.owner = options.owner;
    this.asked = options.asked;
    this.#options = options;
    const elapsed = clock.monotonic() - since;
    const stop = (ms: number, code: 'AORTA_ASSIST_001' | 'AORTA_ASSIST_002') => {
      this.#cancels.push(
        clock.after(Math.max(0, ms - elapsed), () => {
          if (code === 'AORTA_ASSIST_002' || this.#firstTokenAt === undefined) this.fail(error(code, { ms }));
        }),
      );
    };
    stop(limits.firstTokenMs, 'AORTA_ASSIST_001');
    stop(limits.answerMs, 'AORTA_ASSIST_002');
  }

  /** Events so far. */
  get length(): number {
    return this.#events.length;
  }

  /** Aborted when the answer ends: the model is not asked on. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Milliseconds from the request to the first token. */
  get firstTokenMs(): number | undefined {
    return this.#firstTokenAt === undefined ? undefined : this.#firstTokenAt - this.#options.since;
  }

  token(content: string): void {
    if (this.over) return;
    this.#firstTokenAt ??= this.#options.clock.monotonic();
    this.#bytes += Buffer.byteLength(content);
    if (this.#bytes > largest) return this.fail(error('AORTA_ASSIST_002', { ms: this.#options.limits.answerMs }));
    this.#event(JSON.stringify({ type: 'token', content }));
  }

  finish(): void {
    this.#end('done');
  }

  fail(thrown: unknown): void {
    if (this.over) return;
    // Of what is not ours only that it happened: its message may hold data.
    const known =
      thrown instanceof AortaError
        ? { code: thrown.code, message: thrown.message }
        : { code: 'INTERNAL', message: 'The server failed; its log has the details.' };
    const offer = isSlow(known.code) ? { job: this.#options.offer } : {};
    this.#event(JSON.stringify({ type: 'error', ...known, ...offer }));
    this.#end(known.code, thrown);
  }

  /** Sends what comes after event `seen`, then what comes. */
  attach(reader: EventWriter, seen: number): void {
    this.#cancelGrace();
    // Before it is written to: a client that is dropped by that is taken out again.
    if (!this.over) this.#readers.add(reader);
    for (const event of this.#events.slice(seen)) reader.write(event);
    if (this.over) reader.end();
  }

  /** The client is gone. Without any, the model is stopped after a moment. */
  detach(reader: EventWriter): void {
    this.#readers.delete(reader);
    if (this.over || this.#readers.size > 0) return;
    this.#cancelGrace = this.#options.clock.after(this.#options.limits.graceMs, () => {
      if (this.#readers.size === 0) this.fail(error('AORTA_ASSIST_004'));
    });
  }

  #event(data: string): void {
    const event = `id: ${this.id}:${this.#events.length + 1}\ndata: ${data}\n\n`;
    this.#events.push(event);
    for (const reader of [...this.#readers]) reader.write(event);
  }

  #end(outcome: string, reason?: unknown): void {
    if (this.over) return;
    this.#event(done);
    this.over = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancelGrace();
    for (const reader of [...this.#readers]) reader.end();
    this.#readers.clear();
    this.#abort.abort(reason ?? error('AORTA_ASSIST_004'));
    this.#options.ended(outcome);
  }
}
