import type { RowWrite, Stored } from '../../row.ts';

/**
 * PostgreSQL refuses a second write to one row in one statement, so the operations of a row are first put together
 * where the result is the same, and what is left goes into **waves**: the n-th operation of every row is in wave n.
 */
export function waves(writes: readonly RowWrite[]): readonly (readonly RowWrite[])[] {
  const rows = new Map<string, RowWrite | RowWrite[]>();
  for (const write of writes) {
    const id = keyText(write.key);
    const before = rows.get(id);
    // One operation as a rule: no list is made for it.
    rows.set(id, before === undefined ? write : joined(Array.isArray(before) ? before : [before], write));
  }
  const result: RowWrite[][] = [];
  const add = (wave: number, write: RowWrite): void => {
    result[wave] ??= [];
    result[wave].push(write);
  };
  // Every transaction locks rows in the same order, so that two of them seldom wait for each other.
  for (const id of [...rows.keys()].sort()) {
    const row = rows.get(id) as RowWrite | RowWrite[];
    if (Array.isArray(row)) for (const [wave, write] of row.entries()) add(wave, write);
    else add(0, row);
  }
  return result;
}

/** The operations of a row, and one more. */
function joined(before: RowWrite[], write: RowWrite): RowWrite[] {
  const merged = merge(before.at(-1) as RowWrite, write);
  if (merged === null) before.push(write);
  // After a removal or a whole row, what came before no longer matters.
  else if (merged.op === 'remove' || (merged.op === 'upsert' && merged.newerBy === null)) before.splice(0, before.length, merged);
  else before[before.length - 1] = merged;
  return before;
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

/** Texts and numbers hold no null character, and a column has one type: no two keys give the same text. */
function keyText(key: readonly Stored[]): string {
  let text = '';
  for (let i = 0; i < key.length; i++) {
    const value = key[i] as Stored;
    if (i > 0) text += '\u0000';
    text += Buffer.isBuffer(value) ? value.toString('hex') : value;
  }
  return text;
}
