import type { RowWrite, Stored } from '../../row.ts';

/**
 * PostgreSQL refuses a second write to one row in one statement, so the operations of a row are first put together
 * where the result is the same, and what is left goes into **waves**: the n-th operation of every row is in wave n.
 */
export function waves(writes: readonly RowWrite[]): readonly (readonly RowWrite[])[] {
  const rows = new Map<string, RowWrite[]>();
  for (const write of writes) {
    const id = keyText(write.key);
    const before = rows.get(id);
    if (!before) {
      rows.set(id, [write]);
      continue;
    }
    const merged = merge(before.at(-1) as RowWrite, write);
    if (merged === null) before.push(write);
    // After a removal or a whole row, what came before no longer matters.
    else if (merged.op === 'remove' || (merged.op === 'upsert' && merged.newerBy === null)) before.splice(0, before.length, merged);
    else before[before.length - 1] = merged;
  }
  const result: RowWrite[][] = [];
  // Every transaction locks rows in the same order, so that two of them seldom wait for each other.
  for (const id of [...rows.keys()].sort()) {
    for (const [index, write] of (rows.get(id) as RowWrite[]).entries()) {
      result[index] ??= [];
      result[index].push(write);
    }
  }
  return result;
}

/** One operation with the effect of `first`, then `second`; null where there is none. */
function merge(first: RowWrite, second: RowWrite): RowWrite | null {
  switch (second.op) {
    case 'remove':
      return second;
    case 'insert':
      if (first.op === 'remove') return { ...second, op: 'upsert', newerBy: null };
      // The row exists after an insert or an upsert of any kind, so this one does nothing.
      return first.op === 'update' ? null : first;
    case 'update':
      if (first.op === 'remove') return first;
      if (first.op === 'update') return { ...second, set: { ...first.set, ...second.set } };
      if (first.op === 'upsert' && first.newerBy === null) return { ...first, row: { ...first.row, ...second.set }, source: second.source };
      return null;
    case 'upsert': {
      const by = second.newerBy;
      if (by === null) return second;
      if (first.op === 'remove') return { ...second, newerBy: null };
      // Against a known row, or the same column twice, the greater one stays, the later of equals.
      if (first.op !== 'upsert' || (first.newerBy !== null && first.newerBy !== by)) return null;
      const [one, two] = [first.row[by], second.row[by]];
      if (typeof one !== 'number' || typeof two !== 'number') return null;
      if (one > two) return first;
      return first.newerBy === null ? { ...second, newerBy: null } : second;
    }
  }
}

function keyText(key: readonly Stored[]): string {
  if (key.length === 1 && typeof key[0] === 'string') return key[0];
  return JSON.stringify(key.map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value)));
}
