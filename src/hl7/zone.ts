import { error } from '../errors/index.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const formats = new Map<string, Intl.DateTimeFormat>();
const fixed = /^([+-])(\d{2}):?(\d{2})$/;

// A zone's offset does not change within most hours; asking Intl costs microseconds each time.
const remembered = new Map<string, number>();

/** Throws AORTA_CFG_001 unless `zone` is an IANA name or `±hh:mm`. */
export function checkZone(zone: string): void {
  if (fixed.test(zone)) return;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
  } catch {
    throw error('AORTA_CFG_001', { problem: `time zone ${zone} is not an IANA name` });
  }
}

/**
 * The instant of a wall-clock time (given as if it were UTC) in a zone. A time that occurs twice is the earlier one; one
 * that a clock change skips counts with the offset before the change.
 */
export function utcOf(local: number, zone: string): number {
  if (zone === 'UTC') return local;
  const match = fixed.exec(zone);
  if (match) return local - (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * minute;
  const key = `${zone} ${Math.floor(local / (15 * minute))}`;
  let offset = remembered.get(key);
  if (offset === undefined) {
    const before = offsetAt(local - day, zone);
    const after = offsetAt(local + day, zone);
    offset = before === after || offsetAt(local - before, zone) === before || offsetAt(local - after, zone) !== after ? before : after;
    if (remembered.size > 10_000) remembered.clear();
    remembered.set(key, offset);
  }
  return local - offset;
}

/** Milliseconds east of UTC at an instant. */
function offsetAt(at: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' });
    formats.set(zone, format);
  }
  const name = format.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const match = /^GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(name);
  if (!match) return 0;
  return (match[1] === '-' ? -1 : 1) * ((Number(match[2]) * 60 + Number(match[3])) * minute + Number(match[4] ?? 0) * 1000);
}
