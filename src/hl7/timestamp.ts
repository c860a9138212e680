import { utcOf } from './zone.ts';

export type Precision = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction';

/** A TS or DTM value `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`, HL7 v2.5.1 section 2.A.22. */
export interface Timestamp {
  readonly precision: Precision;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  /** Minutes east of UTC as the sender wrote them; null when it wrote none. */
  readonly offset: number | null;
}

const daysIn = (year: number, month: number): number =>
  month === 2
    ? (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
      ? 29
      : 28
    : month === 4 || month === 6 || month === 9 || month === 11
      ? 30
      : 31;

const digits = (text: string, from: number, count: number): number => {
  let value = 0;
  for (let at = from; at < from + count; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
};

const precisions: readonly Precision[] = ['year', 'month', 'day', 'hour', 'minute', 'second'];

/** Undefined for what is no possible date or time (`20240230`, `2024-01-01`, hour 24). */
export function parseTimestamp(text: string): Timestamp | undefined {
  let end = text.length;
  let offset: number | null = null;
  const sign = text.charAt(end - 5);
  if (sign === '+' || sign === '-') {
    const hours = digits(text, end - 4, 2);
    const minutes = digits(text, end - 2, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return undefined;
    offset = (sign === '-' ? -1 : 1) * (hours * 60 + minutes);
    end -= 5;
  }
  let millisecond = 0;
  let whole = end;
  if (end > 14) {
    const places = end - 15;
    if (text.charAt(14) !== '.' || places < 1 || places > 9) return undefined;
    const fraction = digits(text, 15, places);
    if (fraction < 0) return undefined;
    millisecond = Math.floor((fraction / 10 ** places) * 1000 + 1e-6);
    whole = 14;
  }
  if (whole < 4 || whole % 2 !== 0) return undefined;
  const year = digits(text, 0, 4);
  const month = whole >= 6 ? digits(text, 4, 2) : 1;
  const day = whole >= 8 ? digits(text, 6, 2) : 1;
  const hour = whole >= 10 ? digits(text, 8, 2) : 0;
  const minute = whole >= 12 ? digits(text, 10, 2) : 0;
  const second = whole >= 14 ? digits(text, 12, 2) : 0;
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined;
  const precision = end > 14 ? 'fraction' : (precisions[whole / 2 - 2] ?? 'second');
  return { precision, year, month, day, hour, minute, second, millisecond, offset };
}

/**
 * Milliseconds since 1970. Without an offset of its own the value has `offset` (that of MSH-7, where the sender gave one:
 * it holds for the whole message), else that of `zone` at that moment.
 */
export function instantOf(t: Timestamp, zone: string, offset: number | null = null): number {
  const wall = new Date(0);
  wall.setUTCFullYear(t.year, t.month - 1, t.day);
  const local = wall.setUTCHours(t.hour, t.minute, t.second, t.millisecond);
  const east = t.offset ?? offset;
  return east === null ? utcOf(local, zone) : local - east * 60_000;
}

/** An instant as DTM in UTC, to the millisecond: `20240131120000.000+0000`. */
export const timestampText = (at: number): string => `${new Date(at).toISOString().replace(/[-:TZ]/g, '')}+0000`;
