import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type Fault, faultKinds } from './faults.ts';
import type { Ehr } from './options.ts';

declare module 'fastify' {
  interface FastifyRequest {
    fault: Fault | undefined;
  }
}

const body = {
  type: 'object',
  required: ['route', 'kind'],
  additionalProperties: false,
  properties: {
    route: { type: 'string', pattern: '^/', maxLength: 200 },
    kind: { enum: faultKinds },
    ms: { type: 'integer', minimum: 0, maximum: 600_000 },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    retryAfter: { type: 'string', maxLength: 100 },
    rate: { type: 'number', minimum: 0, maximum: 1 },
  },
} as const;

/** `POST` and `DELETE /_sandbox/faults` (contract.md), and what the faults do to every other route. */
export function faultRoutes(app: FastifyInstance, { faults, clock }: Ehr): void {
  app.decorateRequest('fault', undefined);
  app.get('/_sandbox/faults', async () => ({ faults: faults.list() }));
  app.post<{ Body: Fault }>('/_sandbox/faults', { schema: { body } }, async ({ body: fault }, reply) => {
    faults.add(fault);
    return reply.code(201).send(fault);
  });
  app.delete('/_sandbox/faults', async (_request, reply) => {
    faults.clear();
    return reply.code(204).send();
  });

  app.addHook('onRequest', async (request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    if (path.startsWith('/_sandbox/')) return;
    request.fault = faults.meet(path);
    const { kind, ms = 0, status = 503, retryAfter } = request.fault ?? {};
    if (kind === 'latency') await new Promise<void>((resolve) => clock.after(ms, resolve));
    // Taken out of Fastify's hands: nothing is ever sent, the connection stays until the other side gives up.
    if (kind === 'hang') {
      reply.hijack();
      return reply;
    }
    if (kind === 'reset') {
      reply.hijack();
      request.raw.socket.resetAndDestroy();
      return reply;
    }
    if (kind !== 'status') return;
    if (retryAfter !== undefined) reply.header('Retry-After', retryAfter);
    const issue = [{ severity: 'error', code: 'transient', diagnostics: 'a fault of the sandbox' }];
    return reply.code(status).type('application/fhir+json').send({ resourceType: 'OperationOutcome', issue });
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const kind = request.fault?.kind;
    if (typeof payload !== 'string') return payload;
    if (kind === 'invalid-json') {
      const cut = payload.slice(0, Math.floor(payload.length * 0.7));
      reply.header('Content-Length', Buffer.byteLength(cut));
      return cut;
    }
    if (kind === 'lost-answer') request.raw.socket.resetAndDestroy();
    if (kind !== 'truncate') return payload;
    // Says that it sends the whole, and stops in the middle.
    reply.header('Content-Length', Buffer.byteLength(payload));
    return Readable.from(half(payload));
  });
}

async function* half(payload: string): AsyncGenerator<string> {
  yield payload.slice(0, Math.floor(payload.length / 2));
  throw new Error('cut off');
}
