import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { provenanceOf } from '../../drafts/provenance.ts';
import { error } from '../../errors/index.ts';
import type { Job } from '../../jobs/port.ts';
import type { EdgeOptions } from '../options.ts';

interface Ask {
  readonly type: string;
  readonly patientId: string;
}
interface Of {
  Params: { id: string };
}

const params = { type: 'object', properties: { id: { type: 'string', maxLength: 64 } } } as const;
const tags = ['jobs'];
const askSchema = {
  summary: 'Ask for work that takes longer than a request',
  description: 'With `Idempotency-Key`, asking again is the same job. 202 with `Location`; poll there.',
  tags,
  headers: { type: 'object', properties: { 'idempotency-key': { type: 'string', minLength: 1, maxLength: 255 } } },
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'patientId'],
    properties: { type: { type: 'string', enum: ['clinical-draft'] }, patientId: { type: 'string', pattern: '^[A-Za-z0-9.-]{1,64}$' } },
  },
} as const;

/** Jobs: asked for, polled, cancelled, approved. What runs them is a flow. */
export function jobRoutes(app: FastifyInstance, { jobs }: EdgeOptions): void {
  const roles = ['clinician', 'service', 'admin'] as const;
  const note = (action: string) => (request: FastifyRequest) => ({ action, details: { job: idOf(request) } });
  const access = (action: string) => ({ access: { roles, audit: note(action) } });
  const desk = () => {
    if (!jobs) throw error('AORTA_EDGE_004', { what: 'such job' });
    return jobs;
  };
  const missing = () => error('AORTA_EDGE_004', { what: 'such job' });
  /** A machine sees what it asked for itself. */
  const visible = (job: Job | undefined, { actor }: FastifyRequest): Job => {
    const person = actor.roles.includes('clinician') || actor.roles.includes('admin');
    if (!job || !(person || job.client === actor.id)) throw missing();
    return job;
  };

  const asks = {
    access: { roles, audit: ({ body }: FastifyRequest) => ({ action: 'job', patientId: (body as Ask | undefined)?.patientId }) },
  };
  app.post<{ Body: Ask }>('/api/jobs', { schema: askSchema, bodyLimit: 8 * 1024, config: asks }, async (request, reply) => {
    const { type, patientId } = request.body;
    const key = request.headers['idempotency-key'];
    if (Array.isArray(key)) throw error('AORTA_EDGE_005', { problem: 'Idempotency-Key is given more than once' });
    const job = await desk().ask({ type, patientId, client: request.actor.id, key });
    return sent(reply.code(202).header('Location', `/api/jobs/${job.id}`), job);
  });

  for (const path of ['/api/jobs/:id', '/jobs/:id']) {
    app.get<Of>(path, { schema: { summary: 'Status and result of a job', tags, params }, config: access('read') }, async (request, reply) =>
      sent(reply, visible(await desk().find(request.params.id), request)),
    );

    app.delete<Of>(path, { schema: { summary: 'Cancel a job', tags, params }, config: access('cancel') }, async (request, reply) => {
      visible(await desk().find(request.params.id), request);
      return sent(reply, visible(await desk().cancel(request.params.id), request));
    });
  }

  const approves = { access: { roles: ['clinician'] as const, audit: note('approve') } };
  app.post<Of>(
    '/api/jobs/:id/approve',
    { schema: { summary: 'Stand for a draft as its reviewer', tags, params }, config: approves },
    async (request, reply) => {
      visible(await desk().find(request.params.id), request);
      return sent(reply, visible(await desk().approve(request.params.id, request.actor.id), request));
    },
  );
}

/** An id of ours, or nothing: what a caller writes there stays out of the audit chain. */
const idOf = (request: FastifyRequest): string => {
  const { id = '' } = (request.params ?? {}) as { id?: string };
  return /^(?:job-[0-9a-f]{32}|[0-9A-Z]{26})$/.test(id) ? id : '';
};

function sent(reply: FastifyReply, job: Job): FastifyReply {
  if (job.status === 'queued' || job.status === 'running') reply.header('Retry-After', '1');
  return reply.type('application/json; charset=utf-8').send(viewOf(job));
}

/** Seconds since 1970 are for machines: times are ISO 8601 here. */
const viewOf = (job: Job): object => ({
  ...{ id: job.id, type: job.type, patientId: job.patient, status: job.status, progress: job.progress },
  ...(job.status === 'running' && job.phase !== null ? { phase: job.phase } : {}),
  ...{ requestedAt: new Date(job.requestedAt).toISOString(), updatedAt: new Date(job.updatedAt).toISOString() },
  ...(job.code === null ? {} : { code: job.code }),
  ...(job.status === 'succeeded' ? { result: resultOf(job) } : {}),
});

function resultOf(job: Job): object {
  const document = job.draft === null ? undefined : (JSON.parse(job.draft) as { content?: { attachment?: { data?: string } }[] });
  const data = document?.content?.[0]?.attachment?.data;
  return {
    ...(job.document === null ? {} : { document: { reference: job.document } }),
    // Of a document that is in the EHR: what would be drafted now is another one.
    ...(data === undefined ? { textForgotten: true } : { text: Buffer.from(data, 'base64').toString('utf8') }),
    aiGenerated: true,
    reviewed: job.approvedBy !== null,
    provenance: provenanceOf(job),
    ...(job.attested === null ? {} : { provenanceAtEhr: { reference: job.attested } }),
  };
}
