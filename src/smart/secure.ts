import { error } from '../errors/index.ts';

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Credentials and tokens go over TLS only; http is for loopback (SMART 2.2, "Protecting...": rows 1, 230, 318).
 * @throws AORTA_SMART_011
 */
export function secure(url: string | URL, what: string): URL {
  const parsed = typeof url === 'string' ? URL.parse(url) : url;
  const safe = parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && loopback.test(parsed.hostname));
  if (!parsed || !safe || parsed.username !== '' || parsed.password !== '') throw error('AORTA_SMART_011', { what });
  return parsed;
}
