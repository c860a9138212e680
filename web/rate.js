/** Counts per second over the last seconds, from totals that only rise; they start anew when the server does. */
export class Rate {
  #points = [];
  #windowMs;

  constructor(windowMs = 10_000) {
    this.#windowMs = windowMs;
  }

  /** What was added since the last total. */
  add(total, now = performance.now()) {
    const last = this.#points.at(-1);
    const restarted = last !== undefined && total < last.total;
    if (restarted) this.#points = [];
    this.#points.push({ at: now, total });
    this.#forget(now);
    return last === undefined || restarted ? 0 : total - last.total;
  }

  perSecond(now = performance.now()) {
    this.#forget(now);
    const [first] = this.#points;
    const last = this.#points.at(-1);
    if (!first || first === last) return 0;
    // Views come only when something changes: the time since counts as well.
    return ((last.total - first.total) * 1000) / Math.max(1000, now - first.at);
  }

  /** The newest point before the window stays: the rate is measured from it. */
  #forget(now) {
    while (this.#points.length > 1 && this.#points[1].at < now - this.#windowMs) this.#points.shift();
    if (this.#points.length === 1 || this.#points.at(-1).at >= now - this.#windowMs) return;
    this.#points = [this.#points.at(-1)];
  }
}
