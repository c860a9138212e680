type Cell = string | number | boolean | null | undefined | object;

/** The rows of an answer of the operations API: itself, or its first list. */
export function rowsOf(answer: unknown): readonly Readonly<Record<string, Cell>>[] {
  if (Array.isArray(answer)) return answer;
  const list = Object.values((answer ?? {}) as object).find(Array.isArray);
  return (list ?? []) as readonly Readonly<Record<string, Cell>>[];
}

/** Rows as aligned columns; columns that are empty in every row are left out. */
export function table(rows: readonly Readonly<Record<string, Cell>>[], empty: string): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((column) =>
    rows.some((row) => cell(column, row[column]) !== ''),
  );
  if (columns.length === 0) return empty;
  const lines = [columns, ...rows.map((row) => columns.map((column) => cell(column, row[column])))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cell(column: string, value: Cell): string {
  if (value === null || value === undefined) return '';
  // Milliseconds since 1970 under the names that our APIs give to points in time.
  if (typeof value === 'number' && /(At|due|until|since)$/.test(column) && value > 1e11) return new Date(value).toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
