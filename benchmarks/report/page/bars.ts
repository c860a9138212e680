import { compact, escaped, mark, number, series, ticks } from './svg.ts';

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Least and most of the rounds. */
  readonly spread: readonly [number, number];
}

const [width, left, right, row, top] = [400, 112, 64, 30, 8];

/** Horizontal bars from zero; a thin line over each from its least to its most round. */
export function bars(title: string, unit: string, all: readonly Bar[]): string {
  const most = Math.max(...all.map(({ value, spread }) => Math.max(value, spread[1])));
  const marks = ticks(most, 3);
  const end = Math.max(marks.at(-1) ?? 1, Number.MIN_VALUE);
  const x = (value: number): number => left + (value / end) * (width - left - right);
  const bottom = top + all.length * row;
  const grid = marks
    .map(
      (value) =>
        `<line class="grid" x1="${number(x(value))}" x2="${number(x(value))}" y1="${top}" y2="${bottom}"/><text class="tick" x="${number(x(value))}" y="${bottom + 16}" text-anchor="middle">${mark(value)}</text>`,
    )
    .join('');
  const rows = all
    .map(({ name, value, spread }, i) => {
      const y = top + i * row;
      const [from, to] = spread.map(x) as [number, number];
      const middle = y + row / 2;
      return `<g><title>${escaped(`${name}: ${compact(value)} ${unit}, rounds from ${compact(spread[0])} to ${compact(spread[1])}`)}</title>
<text class="name" x="${left - 8}" y="${middle + 4}" text-anchor="end">${escaped(name)}</text>
<rect class="fill ${series(i)}" x="${left}" y="${y + 6}" width="${number(Math.max(1, x(value) - left))}" height="${row - 12}" rx="2"/>
<path class="whisker" d="M${number(from)} ${middle}H${number(to)}M${number(from)} ${middle - 5}v10M${number(to)} ${middle - 5}v10"/>
<text class="value" x="${number(Math.max(x(value), to) + 8)}" y="${middle + 4}">${compact(value)}</text></g>`;
    })
    .join('');
  return `<figure><figcaption>${escaped(title)} <span>${escaped(unit)}</span></figcaption>
<svg viewBox="0 0 ${width} ${bottom + 24}" role="img" aria-label="${escaped(title)}">${grid}${rows}</svg></figure>`;
}
