/**
 * HL7 v2 DTM `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]` to FHIR date and dateTime. The precision is kept; a time always has
 * an offset: the sender's, else that of `zone` at that moment. What is no date gives undefined, never a guess.
 */
export interface Dtm {
  readonly year: string;
  readonly month?: string;
  readonly day?: string;
  /** `hh:mm:ss[.s…]`; absent for a date. */
  readonly time?: string;
  /** `±hh:mm`; absent when the sender gave none. */
  readonly offset?: string;
}

const pattern = /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(\.\d{1,9})?)?)?)?)?)?(?:([+-])(\d{2})(\d{2}))?$/;

export function parseDtm(text: string | undefined): Dtm | undefined {
  const match = pattern.exec(text?.trim() ?? '');
  if (!match) return undefined;
  const [, year = '', month, day, hour, minute, second, fraction, sign, zoneHour, zoneMinute] = match;
  if (year === '0000') return undefined;
  if (month && (month < '01' || month > '12')) return undefined;
  if (month && day && (day < '01' || Number(day) > daysIn(Number(year), Number(month)))) return undefined;
  if ((hour && hour > '23') || (minute && minute > '59') || (second && second > '60')) return undefined;
  if (sign && ((zoneHour ?? '') > '14' || (zoneMinute ?? '') > '59')) return undefined;
  return {
    year,
    ...(month ? { month } : {}),
    ...(day ? { day } : {}),
    ...(hour ? { time: `${hour}:${minute ?? '00'}:${second ?? '00'}${fraction ?? ''}` } : {}),
    ...(sign ? { offset: `${sign}${zoneHour}:${zoneMinute}` } : {}),
  };
}

const daysIn = (year: number, month: number): number => new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

/** FHIR `date`: the date part, as precise as it is. */
export function toDate(text: string | undefined): string | undefined {
  const dtm = parseDtm(text);
  return dtm && [dtm.year, dtm.month, dtm.day].filter((piece) => piece !== undefined).join('-');
}

/** FHIR `dateTime`. A time keeps the sender's offset; without one it gets that of `zone`. */
export function toDateTime(text: string | undefined, zone: string): string | undefined {
  const dtm = parseDtm(text);
  const date = toDate(text);
  if (!dtm?.time) return date;
  return `${date}T${dtm.time}${dtm.offset ?? offsetAt(`${date}T${dtm.time.slice(0, 8).replace(':60', ':59')}`, zone)}`;
}

/** Milliseconds since 1970 of a FHIR dateTime; a date counts from its first moment in UTC. */
export const instantOf = (dateTime: string): number => Date.parse(dateTime.replace(':60', ':59'));

const formats = new Map<string, Intl.DateTimeFormat>();
// A zone's offset is the same within most quarters of an hour; asking Intl costs microseconds each time.
const offsets = new Map<string, string>();

/** Offset `±hh:mm` of a wall-clock time `YYYY-MM-DDThh:mm:ss` in a zone; in a gap or overlap the one before the change. */
export function offsetAt(wallClock: string, zone: string): string {
  if (zone === 'UTC') return '+00:00';
  if (/^[+-]\d{2}:\d{2}$/.test(zone)) return zone;
  const asUtc = Date.parse(`${wallClock}Z`);
  const key = `${zone} ${Math.floor(asUtc / 900_000)}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    const day = 24 * 3600_000;
    const [before, after] = [offsetMinutes(asUtc - day, zone), offsetMinutes(asUtc + day, zone)];
    const inForce = (minutes: number) => offsetMinutes(asUtc - minutes * 60_000, zone) === minutes;
    // Inside a gap neither is in force at its own moment: clocks were not yet moved, so the earlier one counts.
    offset = text(before === after || inForce(before) || !inForce(after) ? before : after);
    if (offsets.size >= 10_000) offsets.clear();
    offsets.set(key, offset);
  }
  return offset;
}

function offsetMinutes(at: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' });
    formats.set(zone, format);
  }
  const name = format.formatToParts(at).find((piece) => piece.type === 'timeZoneName')?.value ?? 'GMT';
  const match = /^GMT([+-])(\d{2}):(\d{2})/.exec(name);
  return match ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) : 0;
}

function text(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
}

/** An instant as FHIR dateTime with the offset of `zone`. */
export function fromInstant(at: number, zone: string): string {
  const offset = /^[+-]\d{2}:\d{2}$/.test(zone) ? zone : text(offsetMinutes(at, zone));
  const minutes = (offset.startsWith('-') ? -1 : 1) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6)));
  return `${new Date(at + minutes * 60_000).toISOString().slice(0, 19)}${offset}`;
}
