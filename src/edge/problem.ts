import type { FastifyReply, FastifyRequest } from 'fastify';
import { AortaError } from '../errors/index.ts';

const statusOf: Readonly<Record<string, number>> = {
  AORTA_EDGE_002: 401,
  AORTA_EDGE_003: 421,
  AORTA_EDGE_004: 404,
  AORTA_EDGE_005: 400,
  AORTA_EDGE_006: 403,
  AORTA_EDGE_007: 403,
  AORTA_CDS_001: 400,
  AORTA_CDS_002: 401,
  AORTA_CDS_003: 412,
  AORTA_CDS_004: 429,
  AORTA_EDGE_009: 409,
  AORTA_EDGE_014: 429,
  AORTA_ENGINE_032: 409,
  AORTA_EDGE_010: 409,
  AORTA_EDGE_011: 409,
  AORTA_EDGE_012: 422,
  AORTA_FHIR_001: 400,
  AORTA_JOB_001: 422,
  AORTA_JOB_002: 409,
  AORTA_JOB_003: 429,
  AORTA_JOB_004: 409,
  AORTA_JOB_005: 404,
  AORTA_INGRESS_008: 409,
  AORTA_INGRESS_009: 409,
  AORTA_INGRESS_004: 503,
};

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Payload too large',
  414: 'URI too long',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  421: 'Misdirected request',
  429: 'Too many requests',
  431: 'Request header fields too large',
  500: 'Internal server error',
  503: 'Service unavailable',
};

export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

interface Foreign {
  readonly statusCode?: number;
  readonly code?: string;
  readonly validation?: readonly { readonly instancePath?: string; readonly message?: string }[];
}

/** Foreign errors are named, not quoted: their messages may hold data. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof AortaError) {
    const passing = thrown.class === 'Transient' || thrown.class === 'Overload';
    const status = statusOf[thrown.code] ?? (passing ? 503 : 500);
    const retryAfter = status === 503 || status === 429 ? { retryAfter: Math.max(1, Math.ceil((thrown.retryAfterMs ?? 5000) / 1000)) } : {};
    return { status, code: thrown.code, title: titleOf(status), detail: thrown.message, ...retryAfter };
  }
  const { statusCode, code = 'HTTP', validation } = (thrown ?? {}) as Foreign;
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) {
    return { status: 500, code: 'INTERNAL', title: titleOf(500), detail: 'The server failed; its log has the details.' };
  }
  // What a schema says about a body names its properties, not their values.
  const [first] = validation ?? [];
  const because = first ? `body${first.instancePath ?? ''} ${first.message ?? 'is not valid'}` : titleOf(statusCode).toLowerCase();
  return { status: statusCode, code, title: titleOf(statusCode), detail: `The request was refused: ${because} (${code}).` };
}

const titleOf = (status: number): string => titles[status] ?? `HTTP ${status}`;

/** RFC 9457. */
export const problemOf = ({ status, code, title, detail }: Failure) => ({ type: `urn:aorta:error:${code}`, title, status, detail, code });

/** Issue types of FHIR R4 (value set issue-type). */
function issueType({ status }: Failure): string {
  if (status === 401) return 'login';
  if (status === 403 || status === 421) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 412) return 'incomplete';
  if (status === 429) return 'throttled';
  if (status === 413 || status === 414 || status === 431) return 'too-long';
  if (status === 503) return 'transient';
  return status < 500 ? 'invalid' : 'exception';
}

/** A problem document; on FHIR and CDS Hooks routes an OperationOutcome (R4, resource OperationOutcome). */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
  const failure = failureOf(thrown);
  reply.code(failure.status);
  if (failure.status === 401) reply.header('WWW-Authenticate', 'Bearer');
  if (failure.retryAfter !== undefined) reply.header('Retry-After', String(failure.retryAfter));
  const route = /^\/(fhir|cds-services)(?:[/?]|$)/.exec(request.url)?.[1];
  if (route === undefined) return reply.type('application/problem+json; charset=utf-8').send(problemOf(failure));
  const issue = [{ severity: 'error', code: issueType(failure), diagnostics: failure.detail }];
  // What CDS Hooks exchanges is JSON; its clients may know no other name of it.
  const type = route === 'fhir' ? 'application/fhir+json' : 'application/json';
  return reply.type(`${type}; charset=utf-8`).send({ resourceType: 'OperationOutcome', issue });
}
