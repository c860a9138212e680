/** `4 s`, `12 min`, `3 h 05 min`, `2 d 4 h`: how long something has lasted. */
export function lasting(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The same in minutes at the finest: for what is looked at in passing. */
export function since(at, now = Date.now()) {
  if (at === undefined || at === null) return '';
  return now - at < 60_000 ? 'just now' : lasting(now - at);
}

const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

export const dayOf = (at) => day.format(new Date(at));
export const clockOf = (at) => clock.format(new Date(at));
export const momentOf = (at) => `${dayOf(at)}, ${clockOf(at)}`;

const whole = new Intl.NumberFormat();
export const number = (n) => whole.format(n);
