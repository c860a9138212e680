/** What a run has done and how long the rest will take, on stderr. */
export class Progress {
  readonly #say: (line: string) => void;
  readonly #live: ((text: string) => void) | undefined;
  readonly #took = new Map<string, number[]>();
  readonly #guess = new Map<string, number>();
  readonly #left = new Map<string, number>();
  #total = 0;
  #done = 0;

  constructor(stream: { write(text: string): unknown; readonly isTTY?: boolean }) {
    this.#say = (line) => void stream.write(`${stream.isTTY ? '\r\x1b[2K' : ''}${line}\n`);
    if (stream.isTTY) this.#live = (text) => void stream.write(`\r\x1b[2K${text}`);
  }

  /** Announces `count` steps of a kind (one peer's rounds of one workload); `seconds`: a first guess of one. */
  expect(kind: string, count: number, seconds: number): void {
    this.#left.set(kind, (this.#left.get(kind) ?? 0) + count);
    this.#guess.set(kind, seconds);
    this.#total += count;
  }

  /** A kind that will not be run. */
  drop(kind: string, count: number): void {
    this.#left.set(kind, Math.max(0, (this.#left.get(kind) ?? 0) - count));
    this.#total -= count;
  }

  say(line: string): void {
    this.#say(line);
  }

  /** A step under way; `share` of it is done. */
  live(what: string, share: number): void {
    this.#live?.(`${this.#position()} ${what} ${Math.min(100, Math.floor(share * 100))} %`);
  }

  async step<T>(kind: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.#done++;
      this.#left.set(kind, Math.max(0, (this.#left.get(kind) ?? 0) - 1));
      const took = (performance.now() - began) / 1000;
      this.#took.set(kind, [...(this.#took.get(kind) ?? []), took].slice(-5));
    }
  }

  #position(): string {
    return `[${this.#done + 1}/${this.#total}, about ${minutes(this.seconds())} left]`;
  }

  /** Seconds that what is left will take, by what the like of it took. */
  seconds(): number {
    let sum = 0;
    for (const [kind, count] of this.#left) {
      const took = this.#took.get(kind) ?? [this.#guess.get(kind) ?? 0];
      sum += (count * took.reduce((total, one) => total + one, 0)) / took.length;
    }
    return sum;
  }
}

export const minutes = (seconds: number): string => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);
