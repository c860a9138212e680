/**
 * Names of senders with `*` for any characters. `covers(a, b)`: everything that pattern `b` matches is matched by `a`, too
 * (a `*` of `b` is met by a `*` only); with a plain name as `b`, whether `a` matches it.
 */
export function covers(a: string, b: string): boolean {
  let [at, to] = [0, 0];
  let [star, resume] = [-1, 0];
  while (to < b.length) {
    if (a[at] === '*') {
      star = at++;
      resume = to;
    } else if (at < a.length && a[at] === b[to]) {
      at++;
      to++;
    } else if (star >= 0) {
      at = star + 1;
      to = ++resume;
    } else return false;
  }
  while (a[at] === '*') at++;
  return at === a.length;
}

/** Whether some name matches both. */
export function meet(a: string, b: string): boolean {
  const seen = new Set<number>();
  const from = (x: number, y: number): boolean => {
    if (x === a.length && y === b.length) return true;
    const key = x * (b.length + 1) + y;
    if (seen.has(key)) return false;
    seen.add(key);
    if (a[x] === '*') return from(x + 1, y) || (y < b.length && from(x, y + 1));
    if (b[y] === '*') return from(x, y + 1) || (x < a.length && from(x + 1, y));
    return x < a.length && a[x] === b[y] && from(x + 1, y + 1);
  };
  return from(0, 0);
}
