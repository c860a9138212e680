import type { FastifyReply } from 'fastify';

export const fhirMime = 'application/fhir+json; charset=utf-8';

/** Answers with an OperationOutcome (R4). */
export const outcome = (reply: FastifyReply, status: number, code: string, diagnostics: string) =>
  reply
    .code(status)
    .type(fhirMime)
    .send({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics }] });
