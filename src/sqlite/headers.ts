import type { Headers, HeaderValue } from '../log/port.ts';

/** Record headers as stored: JSON, binary values as `{"b": base64}`. Order is kept; undefined values are left out. */
export function encodeHeaders(headers: Headers | undefined): string {
  if (!headers) return '{}';
  for (const name in headers) if (typeof headers[name] === 'object') return JSON.stringify(withBase64(headers));
  return JSON.stringify(headers);
}

function withBase64(headers: Headers): Record<string, string | { b: string } | undefined> {
  const out: Record<string, string | { b: string } | undefined> = {};
  for (const name in headers) {
    const value = headers[name];
    out[name] = typeof value === 'object' ? { b: value.toString('base64') } : value;
  }
  return out;
}

export function decodeHeaders(text: string): Record<string, HeaderValue> {
  if (text === '{}') return {};
  const headers = JSON.parse(text) as Record<string, string | { b: string }>;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'object') (headers as Record<string, HeaderValue>)[name] = Buffer.from(value.b, 'base64');
  }
  return headers as Record<string, HeaderValue>;
}
