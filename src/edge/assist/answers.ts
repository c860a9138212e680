import { createHash } from 'node:crypto';
import { error } from '../../errors/index.ts';
import { Answer, type AnswerOptions } from './answer.ts';

/** Answers of this process that can be resumed. */
const mostKept = 500;

/** Every answer under way, and those that ended a moment ago. */
export class Answers {
  readonly #kept = new Map<string, Answer>();
  readonly #atOnce: number;
  /** Cancels of what forgets them: a timer that is left would hold the process. */
  readonly #forgetting = new Map<string, () => void>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  get underWay(): number {
    let count = 0;
    for (const { over } of this.#kept.values()) if (!over) count++;
    return count;
  }

  /** @throws AORTA_ASSIST_005 */
  open(options: AnswerOptions): Answer {
    const { clock, limits } = options;
    const answer = new Answer({
      ...options,
      ended: (outcome) => {
        const forget = clock.after(limits.resumeMs, () => this.#forget(options.id));
        this.#forgetting.set(options.id, forget);
        options.ended(outcome);
      },
    });
    for (const [id, { over }] of this.#kept) if (this.#kept.size >= mostKept && over) this.#forget(id);
    this.#kept.set(options.id, answer);
    return answer;
  }

  /** @throws AORTA_ASSIST_005 */
  room(): void {
    const count = this.underWay;
    if (count >= this.#atOnce) throw error('AORTA_ASSIST_005', { count }, { retryAfterMs: 2_000 });
  }

  /**
   * The one that an id of an event names, for who asked the same before. Undefined: it is not here (another worker's, of
   * before a restart, over for long, or somebody else's).
   */
  resume(lastEventId: string, owner: string, asked: string): { readonly answer: Answer; readonly seen: number } | undefined {
    const [, id = '', seen = ''] = /^([0-9A-Z]{26}):(\d{1,6})$/.exec(lastEventId) ?? [];
    const answer = this.#kept.get(id);
    if (!answer || answer.owner !== owner || answer.asked !== asked || Number(seen) > answer.length) return undefined;
    return { answer, seen: Number(seen) };
  }

  /** The server stops: whoever listens is told. */
  endAll(): void {
    for (const answer of this.#kept.values()) answer.fail(error('AORTA_EDGE_013'));
    for (const id of [...this.#kept.keys()]) this.#forget(id);
  }

  #forget(id: string): void {
    this.#forgetting.get(id)?.();
    this.#forgetting.delete(id);
    this.#kept.delete(id);
  }
}

export const askedDigest = (patientId: string, prompt: string): string =>
  createHash('sha256')
    .update(JSON.stringify([patientId, prompt]))
    .digest('hex');
