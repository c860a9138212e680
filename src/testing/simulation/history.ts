import { createHash } from 'node:crypto';
import type { Ended, Violation } from '../oracles.ts';

/** One record as it was sent, and where it went. */
export interface SentRecord {
  readonly key: string;
  readonly eventId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * What happened in a run. Every line goes into the hash, so two runs with one hash did the same in the same order;
 * `script` keeps what the schedule did, for people.
 */
export class History {
  readonly violations: Violation[] = [];
  readonly sent: SentRecord[] = [];
  readonly script: string[] = [];
  readonly settlements: Ended[] = [];
  /** Workers that ran the handlers of a record. */
  readonly handledBy = new Map<string, Set<number>>();
  /** Records whose loss is nobody's fault: discarded by an operator, gone with their topic. */
  readonly excused = new Set<string>();
  /** Records of which an operator discarded an independent lane's input. */
  readonly discardedInLane = new Set<string>();
  /** Ids of the operators' requests to discard a head. */
  readonly discards = new Set<string>();
  readonly #hash = createHash('sha256');
  readonly #now: () => number;
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #seen = new Set<string>();

  constructor(now: () => number, onLine: ((line: string) => void) | undefined) {
    this.#now = now;
    this.#onLine = onLine;
  }

  note(line: string): void {
    const text = `${String(this.#now()).padStart(7)} ${line}`;
    this.#hash.update(text);
    this.#onLine?.(text);
  }

  /** Something that the schedule did. */
  say(line: string): void {
    this.script.push(`${this.#now()} ${line}`);
    this.note(line);
  }

  violated(...violations: readonly Violation[]): void {
    for (const violation of violations) {
      const key = `${violation.oracle}: ${violation.message}`;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      this.violations.push(violation);
      this.note(`VIOLATED ${key}`);
    }
  }

  handled(worker: number, eventId: string): void {
    const workers = this.handledBy.get(eventId);
    if (workers) workers.add(worker);
    else this.handledBy.set(eventId, new Set([worker]));
  }

  trace(): string {
    return this.#hash.digest('hex');
  }
}
