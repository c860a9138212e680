/** Cells are HTML already. `text`: columns that are words, not figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], text: readonly number[] = []): string {
  const kind = (column: number): string => (text.includes(column) ? ' class="text"' : '');
  const titles = head.map((title, i) => `<th${kind(i)}>${title}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${kind(i)}>${cell}</td>`).join('')}</tr>`).join('');
  return `<div class="scroll"><table><thead><tr>${titles}</tr></thead><tbody>${body}</tbody></table></div>`;
}
