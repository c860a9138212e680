import type { Headers } from '../log/port.ts';

/** Record headers as JSON text; binary values as `{"b64": …}`. */
export function encodeHeaders(headers: Headers): string {
  const out: Record<string, string | { b64: string }> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) out[name] = typeof value === 'string' ? value : { b64: value.toString('base64') };
  }
  return JSON.stringify(out);
}

export function decodeHeaders(text: string): Headers {
  const stored = JSON.parse(text) as Record<string, string | { b64: string }>;
  return Object.fromEntries(
    Object.entries(stored).map(([name, value]) => [name, typeof value === 'string' ? value : Buffer.from(value.b64, 'base64')]),
  );
}
