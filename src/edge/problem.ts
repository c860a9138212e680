import type { FastifyReply, FastifyRequest } from 'fastify';
import { AortaError } from '../errors/index.ts';

const statusOf: Readonly<Record<string, number>> = {
  AORTA_EDGE_002: 401,
  AORTA_EDGE_003: 421,
  AORTA_EDGE_004: 404,
  AORTA_EDGE_005: 400,
  AORTA_EDGE_006: 403,
  AORTA_FHIR_001: 400,
};

interface Failure {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
}

/** Foreign errors are named, not quoted: their messages may hold data. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof AortaError) {
    const status = statusOf[thrown.code] ?? (thrown.class === 'Transient' || thrown.class === 'Overload' ? 503 : 500);
    return { status, code: thrown.code, title: titleOf(status), detail: thrown.message };
  }
  const { statusCode, code } = thrown as { statusCode?: number; code?: string };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, code: code ?? 'HTTP', title: titleOf(statusCode), detail: `The request was refused (${code ?? statusCode}).` };
  }
  return { status: 500, code: 'INTERNAL', title: titleOf(500), detail: 'The server failed; its log has the details.' };
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not found', 413: 'Payload too large', 415: 'Unsupported media type',
  421: 'Misdirected request', 500: 'Internal server error', 503: 'Service unavailable',
};
const titleOf = (status: number): string => titles[status] ?? `HTTP ${status}`;

/** RFC 9457, and an OperationOutcome on FHIR routes (R4, Resource OperationOutcome). */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
  const failure = failureOf(thrown);
  if (request.url.startsWith('/fhir')) {
    const code = failure.status === 404 ? 'not-found' : failure.status < 500 ? 'invalid' : failure.status === 503 ? 'transient' : 'exception';
    return reply
      .code(failure.status)
      .type('application/fhir+json; charset=utf-8')
      .send({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics: failure.detail }] });
  }
  return reply
    .code(failure.status)
    .type('application/problem+json; charset=utf-8')
    .send({ type: `urn:aorta:error:${failure.code}`, title: failure.title, status: failure.status, detail: failure.detail, code: failure.code });
}
