const longest = 24 * 3600 * 1000;

/**
 * Milliseconds of a Retry-After header (RFC 9110, 10.2.3): whole seconds or an HTTP-date in any of its three forms.
 * `undefined` for anything else; at most a day, as a typing error must not stop a system for years.
 */
export function retryAfter(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(longest, Number(text) * 1000);
  const at = httpDate(text, now);
  return at === undefined ? undefined : Math.min(longest, Math.max(0, at - now));
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const imf = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const rfc850 = /^[A-Z][a-z]+day, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const asctime = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

/** RFC 9110, 5.6.7. `Date.parse` takes much that is no HTTP-date ("5" is a date in May to it), and local times. */
function httpDate(text: string, now: number): number | undefined {
  const one = imf.exec(text);
  if (one) return utc(one[3], one[2], one[1], one[4], one[5], one[6]);
  const two = rfc850.exec(text);
  if (two) {
    // Two digits of a year that would be more than 50 years ahead mean the past.
    const century = Math.floor(new Date(now).getUTCFullYear() / 100) * 100;
    const year = century + Number(two[3]);
    return utc(String(year > new Date(now).getUTCFullYear() + 50 ? year - 100 : year), two[2], two[1], two[4], two[5], two[6]);
  }
  const three = asctime.exec(text);
  return three ? utc(three[6], three[1], three[2], three[3], three[4], three[5]) : undefined;
}

function utc(...parts: readonly (string | undefined)[]): number | undefined {
  const [year, month, day, hour, minute, second] = parts as [string, string, string, string, string, string];
  const index = months.indexOf(month);
  if (index < 0) return undefined;
  const at = Date.UTC(Number(year), index, Number(day), Number(hour), Number(minute), Number(second));
  return Number.isNaN(at) ? undefined : at;
}
