/**
 * What nobody needs at the moment, up to a number of entries: the oldest go first, many at a time. Two maps, of which the
 * older one is let go as a whole: taking the oldest out of one map, one by one, walks over the places of all that were taken
 * before.
 */
export class Idle<V> {
  readonly #half: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  /** Between half of `max` and `max` entries are kept once there are as many. */
  constructor(max: number) {
    this.#half = Math.max(1, Math.floor(max / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  set(key: string, value: V): void {
    this.#old.delete(key);
    this.#young.set(key, value);
    if (this.#young.size < this.#half) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** It is needed again. */
  take(key: string): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) {
      this.#young.delete(key);
      return value;
    }
    const older = this.#old.get(key);
    if (older !== undefined) this.#old.delete(key);
    return older;
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
