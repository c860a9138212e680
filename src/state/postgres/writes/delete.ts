/**
 * A delete of many rows, each found by the primary key, whatever the planner believes about the table: `offset 0` keeps the
 * inner select from being joined in another way, and the rows themselves are fetched by their place. A join with `unnest` is
 * a hash join over the whole table on one that was never analysed.
 *
 * For tables whose rows are written under the fence of their lane only: a row that somebody else has moved is missed. The
 * statement `indexes` (src/postgres/indexes.ts) must have run before in the transaction.
 */
export const deleteEach = (table: string, places: string, columns: string, match: string): string =>
  `delete from ${table} where ctid = any(array(select s.ctid from unnest(${places}) as g(${columns})
    cross join lateral (select t.ctid from ${table} t where ${match} offset 0) s))`;
