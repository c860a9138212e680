import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ulid } from '../../clock/ulid.ts';
import { missingScopes } from '../../smart/index.ts';
import type { Ehr } from './options.ts';
import { outcome } from './outcome.ts';
import { tokenOf } from './token.ts';

interface Job {
  readonly clientId: string;
  readonly request: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly readyAt: number;
  readonly files: readonly { readonly type: string; readonly lines: readonly string[] }[];
}

/** Resources of one file: small, so that a client meets several of a type. */
const perFile = 200;
/** Milliseconds that an export takes, and until its files are gone. */
const takesMs = 400;
const keptMs = 60 * 60_000;
const formats = new Set(['application/fhir+ndjson', 'application/ndjson', 'ndjson']);
const known = new Set(['_type', '_since', '_outputFormat']);

/** Bulk Data Access 2.0: system and patient level export, status, files, deletion. Faults: routes `/fhir/*` and `/_export/*`. */
export function exportRoutes(app: FastifyInstance, ehr: Ehr): void {
  const jobs = new Map<string, Job>();
  const { clock, random, store } = ehr;

  const kickOff = (types: (all: readonly string[]) => readonly string[]) => async (request: FastifyRequest, reply: FastifyReply) => {
    const token = tokenOf(request, ehr);
    if (!token) return unauthorised(reply);
    if (!/\brespond-async\b/.test(String(request.headers.prefer ?? '')))
      return outcome(reply, 400, 'invalid', 'Prefer: respond-async is needed');
    const query = new URLSearchParams(request.url.split('?')[1] ?? '');
    const strange = [...query.keys()].find((name) => !known.has(name));
    if (strange !== undefined) return outcome(reply, 400, 'not-supported', 'an unknown parameter');
    if (!formats.has(query.get('_outputFormat') ?? 'ndjson')) return outcome(reply, 400, 'not-supported', '_outputFormat is ndjson');
    const since = query.get('_since') === null ? 0 : Date.parse(query.get('_since') ?? '');
    if (Number.isNaN(since)) return outcome(reply, 400, 'invalid', '_since is no instant');
    const asked = query.get('_type')?.split(',');
    const may = (type: string) => missingScopes([`system/${type}.rs`], token.scopes).length === 0;
    if (asked && !asked.every(may)) return outcome(reply, 403, 'forbidden', 'the token has no scope for a type of _type');
    const now = clock.now();
    const files = types(store.types())
      .filter((type) => (asked?.includes(type) ?? true) && may(type))
      .flatMap((type) => {
        const all = store.search(type, new URLSearchParams()).filter(({ meta }) => Date.parse(meta?.lastUpdated ?? '') >= since);
        const chunks = Array.from({ length: Math.ceil(all.length / perFile) }, (_, at) => all.slice(at * perFile, (at + 1) * perFile));
        return chunks.map((chunk) => ({ type, lines: chunk.map((resource) => JSON.stringify(resource)) }));
      });
    for (const [old, { at }] of jobs) if (now - at > keptMs) jobs.delete(old);
    const id = ulid(clock, random).toLowerCase();
    jobs.set(id, { clientId: token.clientId, request: `${ehr.url}${request.url}`, at: now, readyAt: now + takesMs, files });
    return reply.code(202).header('Content-Location', `${ehr.url}/_export/${id}`).send();
  };
  app.get(
    '/fhir/$export',
    kickOff((all) => all),
  );
  app.get(
    '/fhir/Patient/$export',
    kickOff((all) => all),
  );

  app.get<{ Params: { id: string } }>('/_export/:id', async (request, reply) => {
    const job = owned(request, request.params.id);
    if (job === 'unauthorised') return unauthorised(reply);
    if (!job) return outcome(reply, 404, 'not-found', 'no such export');
    const now = clock.now();
    if (now < job.readyAt) {
      const done = Math.round(((now - job.at) / (job.readyAt - job.at)) * 100);
      return reply.code(202).header('X-Progress', `${done} %`).header('Retry-After', '1').send();
    }
    reply.header('Expires', new Date(job.at + keptMs).toUTCString());
    return {
      transactionTime: new Date(job.at).toISOString(),
      request: job.request,
      requiresAccessToken: true,
      output: job.files.map(({ type, lines }, at) => ({
        type,
        url: `${ehr.url}/_export/${request.params.id}/${at}.ndjson`,
        count: lines.length,
      })),
      error: [],
    };
  });

  app.get<{ Params: { id: string; file: string } }>('/_export/:id/:file', async (request, reply) => {
    const job = owned(request, request.params.id);
    if (job === 'unauthorised') return unauthorised(reply);
    const file = job?.files[Number(/^(\d+)\.ndjson$/.exec(request.params.file)?.[1] ?? -1)];
    if (!job || !file || clock.now() < job.readyAt) return outcome(reply, 404, 'not-found', 'no such file');
    return reply.type('application/fhir+ndjson').send(`${file.lines.join('\n')}\n`);
  });

  app.delete<{ Params: { id: string } }>('/_export/:id', async (request, reply) => {
    const job = owned(request, request.params.id);
    if (job === 'unauthorised') return unauthorised(reply);
    if (!job) return outcome(reply, 404, 'not-found', 'no such export');
    jobs.delete(request.params.id);
    return reply.code(202).send();
  });

  /** Only who started an export sees it. */
  function owned(request: FastifyRequest, id: string): Job | 'unauthorised' | undefined {
    const token = tokenOf(request, ehr);
    if (!token) return 'unauthorised';
    const job = jobs.get(id);
    if (job && clock.now() >= job.at + keptMs) {
      jobs.delete(id);
      return undefined;
    }
    return job?.clientId === token.clientId ? job : undefined;
  }

  const unauthorised = (reply: FastifyReply) => {
    reply.header('WWW-Authenticate', 'Bearer error="invalid_token"');
    return outcome(reply, 401, 'login', 'the token is missing or has expired');
  };
}
