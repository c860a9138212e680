/**
 * Who runs records of the log under suspicion, over all partitions of a flow in one process. Those that are noted for the first time
 * run side by side. One that was noted before runs alone: only it is blamed should the process end again. Without this a
 * slow innocent of another partition is accused each time together with the culprit, and is parked in the end.
 */
export class Suspicion {
  readonly #together = new Set<object>();
  readonly #waiting = new Map<object, () => void>();
  #alone: object | undefined;

  /** True: go on, and `leave` in the end. False: `again` is called when somebody has left. */
  enter(who: object, alone: boolean, again: () => void): boolean {
    if (this.#alone !== undefined || (alone && this.#together.size > 0)) {
      this.#waiting.set(who, again);
      return false;
    }
    if (alone) this.#alone = who;
    else this.#together.add(who);
    return true;
  }

  leave(who: object): void {
    this.#waiting.delete(who);
    if (this.#alone === who) this.#alone = undefined;
    else if (!this.#together.delete(who)) return;
    if (this.#alone !== undefined || this.#together.size > 0) return;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const again of waiting) again();
  }
}
