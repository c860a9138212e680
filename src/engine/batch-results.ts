import type { Root } from './root.ts';

interface Kept {
  readonly results: Map<string, unknown>;
  readonly bytes: number;
}

interface Counted {
  readonly entries: number;
  readonly most: number;
  readonly bytes: number;
}

/**
 * Results of batches that waiting roots of one lane have from the try before: a guard refused what stands behind them, and the
 * items are not sent again only because a system is down.
 *
 * They may be of any size, and a breaker may stay open for long, so they count beside the lane's records: from half of its
 * credits on a refused root goes to the held list without them, and its batch is asked again (overload.ts).
 *
 * Invariant: only a root that stands in a mailbox has an entry; who runs it, holds it or settles it takes the entry out.
 */
export class BatchResults {
  readonly #kept = new Map<Root, Kept>();
  /** Results are added to and never replaced: each refused try keeps the same again, and they may be large to walk. */
  readonly #counted = new WeakMap<Map<string, unknown>, Counted>();
  bytes = 0;

  /** What takes more than `most` bytes counts as little more than that. */
  keep(root: Root, results: Map<string, unknown>, most: number): void {
    this.take(root);
    const bytes = this.#count(results, most);
    this.#kept.set(root, { results, bytes });
    this.bytes += bytes;
  }

  take(root: Root): Map<string, unknown> | undefined {
    const kept = this.#kept.get(root);
    if (!kept) return undefined;
    this.#kept.delete(root);
    this.bytes -= kept.bytes;
    return kept.results;
  }

  #count(results: Map<string, unknown>, most: number): number {
    const before = this.#counted.get(results);
    if (before?.entries === results.size && before.most === most) return before.bytes;
    const bytes = sizeOf(results, most);
    this.#counted.set(results, { entries: results.size, most, bytes });
    return bytes;
  }

  clear(): void {
    this.#kept.clear();
    this.bytes = 0;
  }
}

/**
 * Bytes of memory that a value takes, about: at least as many as its texts, and no further than to `most`. What several
 * values share counts for each of them; what cannot be looked at is more than `most`. A view keeps all of its buffer.
 */
export function sizeOf(value: unknown, most: number): number {
  const seen = new Set<object>();
  const open = [value];
  let bytes = 0;
  try {
    while (open.length > 0 && bytes <= most) {
      const next = open.pop();
      if (typeof next === 'string') bytes += 16 + 2 * next.length;
      else if (typeof next !== 'object' || next === null || seen.has(next)) bytes += 8;
      else {
        seen.add(next);
        bytes += 32;
        if (ArrayBuffer.isView(next)) open.push(next.buffer);
        else if (next instanceof ArrayBuffer || next instanceof SharedArrayBuffer) bytes += next.byteLength;
        else if (next instanceof Map) for (const [key, of] of next) open.push(key, of);
        else if (next instanceof Set || Array.isArray(next)) for (const of of next) open.push(of);
        else for (const of of Object.values(next)) open.push(of);
      }
    }
  } catch {
    return most + 1;
  }
  return bytes;
}
