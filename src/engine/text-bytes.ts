/**
 * About how many bytes a row or a document has: the characters of its texts, and the bytes in it. Numbers, names and braces
 * are not counted; whoever bounds something by it adds a number for each row.
 */
export function textBytes(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  if (value instanceof Uint8Array) return value.byteLength;
  let sum = 0;
  if (Array.isArray(value)) for (const each of value) sum += textBytes(each);
  else for (const name in value) sum += textBytes((value as Record<string, unknown>)[name]);
  return sum;
}
