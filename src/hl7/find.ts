/**
 * Position of `byte` in [start, end), or -1. Buffer.indexOf has no end: without one, each field of a 16 MB message
 * would search all of the rest. Short ranges are faster in a plain loop than through a native call.
 */
export function find(bytes: Buffer, byte: number, start: number, end: number): number {
  if (end - start > 256) {
    const at = bytes.subarray(start, end).indexOf(byte);
    return at < 0 ? -1 : start + at;
  }
  for (let at = start; at < end; at++) if (bytes[at] === byte) return at;
  return -1;
}
