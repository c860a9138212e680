import { compact, escaped, mark, number, series, ticks } from './svg.ts';

export interface Line {
  readonly name: string;
  /** Its colour: place of the peer in the report. */
  readonly index: number;
  readonly points: readonly (readonly [number, number])[];
}

interface Axis {
  readonly label: string;
  /** From 0 to 1, for a value. */
  place(value: number): number;
  readonly marks: readonly (readonly [value: number, text: string])[];
}

const [width, height, left, right, top, bottom] = [520, 250, 56, 14, 10, 40];

export function linear(label: string, most: number): Axis {
  const marks = ticks(most);
  const end = marks.at(-1) || 1;
  return { label, place: (value) => value / end, marks: marks.map((value) => [value, value < 10 ? String(value) : mark(value)]) };
}

/** Powers of ten around the values. */
export function logarithmic(label: string, values: readonly number[]): Axis {
  const positive = values.filter((value) => value > 0);
  const from = Math.floor(Math.log10(Math.min(...positive)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...positive))));
  const marks = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  return {
    label,
    place: (value) => (Math.log10(Math.max(value, 10 ** from)) - from) / (to - from),
    marks: marks.map((value) => [value, value >= 1 ? value.toLocaleString('en') : String(Number(value.toPrecision(1)))]),
  };
}

/** Each nine takes the same room: the tail is what a latency is about. */
export function nines(label: string, most: number): Axis {
  const of = (percent: number): number => -Math.log10(1 - Math.min(percent, 99.9999) / 100);
  const end = Math.max(of(99), of(most));
  const marks = [0, 50, 90, 99, 99.9, 99.99, 99.999].filter((value) => of(value) <= end + 1e-9);
  return { label, place: (percent) => of(percent) / end, marks: marks.map((value) => [value, String(value)]) };
}

export function lines(title: string, note: string, x: Axis, y: Axis, all: readonly Line[]): string {
  const px = (value: number): string => number(left + x.place(value) * (width - left - right));
  const py = (value: number): string => number(height - bottom - y.place(value) * (height - bottom - top));
  const grid = [
    ...y.marks.map(
      ([value, text]) =>
        `<line class="grid" x1="${left}" x2="${width - right}" y1="${py(value)}" y2="${py(value)}"/><text class="tick" x="${left - 6}" y="${Number(py(value)) + 4}" text-anchor="end">${text}</text>`,
    ),
    ...x.marks.map(
      ([value, text]) =>
        `<line class="grid" x1="${px(value)}" x2="${px(value)}" y1="${top}" y2="${height - bottom}"/><text class="tick" x="${px(value)}" y="${height - bottom + 16}" text-anchor="middle">${text}</text>`,
    ),
  ].join('');
  const paths = all
    .filter(({ points }) => points.length > 0)
    .map(({ name, index, points }) => {
      const path = points.map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${px(a)} ${py(b)}`).join('');
      // A dot with a title for each of few points: the values can be read by pointing at them.
      const dots =
        points.length > 20
          ? ''
          : points
              .map(
                ([a, b]) =>
                  `<circle class="dot ${series(index)}" cx="${px(a)}" cy="${py(b)}" r="3"><title>${escaped(`${name}: ${compact(b)} at ${a}`)}</title></circle>`,
              )
              .join('');
      return `<path class="line ${series(index)}" d="${path}"><title>${escaped(name)}</title></path>${dots}`;
    })
    .join('');
  const legend = all.map(({ name, index }) => `<li><i class="swatch ${series(index)}"></i>${escaped(name)}</li>`).join('');
  return `<figure><figcaption>${escaped(title)} <span>${escaped(note)}</span></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">${grid}${paths}
<text class="axis" x="${(left + width - right) / 2}" y="${height - 6}" text-anchor="middle">${escaped(x.label)}</text>
<text class="axis" transform="translate(12 ${(height - bottom + top) / 2}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text></svg>
<ul class="legend">${legend}</ul></figure>`;
}
