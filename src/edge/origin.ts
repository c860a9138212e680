import type { FastifyRequest } from 'fastify';
import { error } from '../errors/index.ts';

const loopback = new Set(['127.0.0.1', '::1', 'localhost']);
export const isLoopback = (host: string): boolean => loopback.has(host.replace(/^\[|\]$/g, '').toLowerCase());

const withoutPort = (authority: string): string => authority.replace(/:\d+$/, '');

/**
 * The Host header must name this machine: a page elsewhere that lets its own name point to 127.0.0.1 (DNS rebinding)
 * counts as the same origin for the browser, and would read patients' data from here.
 */
export function checkHost(request: FastifyRequest, also: readonly string[] = []): void {
  const host = withoutPort(request.headers.host ?? '');
  if (!isLoopback(host) && !also.includes(host.toLowerCase())) throw error('AORTA_EDGE_003', { host: host.slice(0, 100) || 'no host' });
}

/**
 * Pages of other sites can send requests here though they cannot read the answers: they may not change anything, and
 * may not use up the places of watchers. Following a link from elsewhere is a navigation, and fine.
 */
export function checkOrigin(request: FastifyRequest, also: readonly string[] = []): void {
  const { origin, host } = request.headers;
  if (origin !== undefined && also.includes(origin)) return;
  const reading = request.method === 'GET' || request.method === 'HEAD';
  const own = origin === undefined || origin === `http://${host}`;
  const fromElsewhere = request.headers['sec-fetch-site'] === 'cross-site' && request.headers['sec-fetch-mode'] !== 'navigate';
  if (fromElsewhere || (!own && !reading)) throw error('AORTA_EDGE_007', { origin: (origin ?? 'unknown').slice(0, 100) });
}
