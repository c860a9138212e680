/**
 * Writes a text that is ASCII, a byte a unit; false where it is another, with some of it written. For texts of some dozen units, where
 * a loop is faster than a call out of JavaScript; `into` has room for them.
 */
export function putAscii(into: Uint8Array, at: number, text: string): boolean {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return false;
    into[at + i] = unit;
  }
  return true;
}
