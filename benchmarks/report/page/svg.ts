/** Text for HTML and SVG. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

export const compact = (value: number): string =>
  value >= 10_000
    ? `${(value / 1000).toFixed(1)}k`
    : value >= 100
      ? Math.round(value).toLocaleString('en')
      : value >= 10
        ? value.toFixed(1)
        : value.toFixed(2);

/** Of an axis: as `compact`, without zeros that say nothing. */
export const mark = (value: number): string => compact(value).replace(/\.0+(?=k?$)/, '');

/** Round numbers from 0 to at least `most`. */
export function ticks(most: number, about = 5): readonly number[] {
  const raw = most > 0 ? most / about : 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

export const number = (value: number): string => String(Number(value.toFixed(2)));

/** The class of a peer's colour: its place in the order of the report, the same in every plot of a workload. */
export const series = (index: number): string => `s${index % 8}`;
