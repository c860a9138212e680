import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ulid } from '../../clock/ulid.ts';
import type { RunningFlow } from '../../engine/index.ts';
import { error } from '../../errors/index.ts';
import { countDeadLetters, deadLetter, endOf, meantDeadLetters, newestDeadLetters, type WaitingLetter } from '../../ops/dead-letters.ts';
import { redrivePump } from '../../ops/redrive-pump.ts';
import { reads } from '../access.ts';
import { loopGuard } from '../loop-guard.ts';
import type { EdgeOptions } from '../options.ts';
import { count, known, type Query, single } from '../parameters.ts';

interface Redrive {
  readonly flow: string;
  readonly ids?: readonly string[];
  readonly key?: string;
  readonly errorClass?: string;
  readonly all?: boolean;
  readonly action?: 'redrive' | 'discard';
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** Dead letters that one request takes; the answer says whether there are more. */
const mostAtOnce = 1000;
const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength, pattern: '^[^\\u0000]*$' });
const body = {
  type: 'object',
  required: ['flow'],
  additionalProperties: false,
  properties: {
    flow: text(63),
    ids: { type: 'array', minItems: 1, maxItems: mostAtOnce, items: { type: 'string', pattern: '^\\d{1,9}-\\d{1,15}$' } },
    key: text(256),
    errorClass: text(32),
    all: { type: 'boolean' },
    action: { enum: ['redrive', 'discard'] },
    dryRun: { type: 'boolean' },
    force: { type: 'boolean' },
  },
} as const;
const releaseBody = {
  type: 'object',
  required: ['flow'],
  additionalProperties: false,
  properties: { flow: text(63), dryRun: { type: 'boolean' } },
} as const;

const redriveNote = (request: FastifyRequest) => {
  const { flow, ids, key, errorClass, action = 'redrive', dryRun = false, force = false } = request.body as Redrive;
  return {
    action: dryRun ? 'read' : action,
    patientId: key,
    details: {
      flow,
      deadLetters: ids?.join(' ') ?? 'by filter',
      ...(errorClass === undefined ? {} : { errorClass }),
      ...(force ? { force } : {}),
    },
  };
};

const releaseNote = (request: FastifyRequest) => {
  const { flow, dryRun = false } = request.body as { flow: string; dryRun?: boolean };
  return { action: dryRun ? 'read' : 'release-brake', details: { flow } };
};

/** Dead letters of tolerant flows, their way back into the flow, and the brake that too many of them put on. */
export function deadLetterRoutes(app: FastifyInstance, { flows, state, log, clock, random, telemetry }: EdgeOptions): void {
  const roles = ['operator', 'admin'] as const;
  const flowOf = (name: string): RunningFlow => {
    const found = flows.find((running) => running.name === name);
    if (!found) throw error('AORTA_EDGE_004', { what: 'such flow' });
    return found;
  };

  app.get<{ Querystring: Query }>('/api/ops/dlq', { config: { access: { roles, audit: reads(), watched: true } } }, async ({ query }) => {
    known(query, ['flow', 'limit', 'all']);
    const name = single(query, 'flow');
    const limit = count(query, 'limit', 500) ?? 50;
    const all = single(query, 'all') === 'true';
    const asked = name === undefined ? flows : [flowOf(name)];
    const each = await Promise.all(
      asked.map(async ({ name: flow }) => ({
        flow,
        waiting: await countDeadLetters(log, state, flow),
        letters: await newestDeadLetters(log, state, flow, limit, all),
      })),
    );
    return {
      count: each.reduce((sum, { waiting }) => sum + waiting, 0),
      letters: each
        .flatMap(({ letters }) => letters)
        .sort((a, b) => b.at - a.at)
        .slice(0, limit),
      brakes: (await state.operations.brakes()).filter(({ flow }) => asked.some((running) => running.name === flow)),
    };
  });

  app.get<{ Params: { flow: string; id: string } }>(
    '/api/ops/dlq/:flow/:id',
    { config: { access: { roles, audit: reads() } } },
    async ({ params: { flow, id } }) => {
      const found = await deadLetter(log, flowOf(flow).name, id, await state.operations.takenLetters(flow));
      if (!found) throw error('AORTA_EDGE_004', { what: 'such dead letter' });
      return found.letter;
    },
  );

  /** What the request means, oldest first; at most `mostAtOnce`, and whether there is more. */
  async function matching({ flow, ids, key, errorClass, all }: Redrive): Promise<{ letters: readonly WaitingLetter[]; more: boolean }> {
    // Whichever copy of a letter is named: all of them.
    const named = ids && new Set<string>();
    for (const id of new Set(ids)) {
      const found = await deadLetter(log, flow, id, new Map());
      if (!found) throw error('AORTA_EDGE_004', { what: `dead letter ${id}` });
      named?.add(endOf(found.record));
    }
    if (!named && !all && key === undefined && errorClass === undefined)
      throw error('AORTA_EDGE_005', { problem: 'give ids, key, errorClass, or all' });
    const letters: WaitingLetter[] = [];
    for await (const waiting of meantDeadLetters(log, state, flow, named ? {} : { key, errorClass }, mostAtOnce + 1)) {
      if (named && !named.has(waiting.end)) continue;
      if (letters.length === mostAtOnce) return { letters, more: true };
      letters.push(waiting);
    }
    return { letters, more: false };
  }

  /**
   * Each becomes a new root that keeps its event id, at the end of the flow's source topic. Taken once, whoever asks
   * again; one whose event was redriven three times within a day needs `force`. A discard only takes it off the list.
   */
  app.post<{ Body: Redrive }>(
    '/api/ops/dlq/redrive',
    { config: { access: { roles, audit: redriveNote } }, schema: { body } },
    async (request, reply) => {
      const { flow, action = 'redrive', dryRun = false, force = false } = request.body;
      const running = flowOf(flow);
      const { letters: waiting, more } = await matching(request.body);
      const copies = new Set(waiting.filter(({ copy }) => copy).map(({ letter }) => letter.id));
      const letters = waiting.map(({ letter }) => letter);
      const now = clock.now();
      const { free, guarded } = await loopGuard(state, flow, letters, now, force || action === 'discard');
      if (request.body.ids && letters.length > 0 && free.length === 0) throw error('AORTA_EDGE_009');
      const answer = { action, dryRun, more, guarded: guarded.length };
      const shown = free.filter(({ id }) => !copies.has(id));
      if (dryRun) return reply.send({ ...answer, letters: shown });
      const notes = free.map(({ id: letter, eventId }) => ({
        ...{ id: ulid(clock, random), flow, eventId, action: copies.has(letter) ? ('discard' as const) : action },
        ...{ actor: request.actor.id, at: now, letter },
      }));
      const noted = new Set(await state.operations.noteRedrives(notes));
      const taken = new Set(notes.filter(({ id }) => noted.has(id)).map(({ letter }) => letter));
      if (action === 'redrive') {
        // Durable already: should the log be away now, the keeper sends it later.
        await redrivePump(log, state, telemetry)
          .send({ name: flow, source: running.flow.source.name })
          .catch((thrown) => telemetry.log('warn', 'dlq.redrive-waits', { flow, error: thrown }));
      }
      return reply.code(202).send({ ...answer, letters: shown.filter(({ id }) => taken.has(id)) });
    },
  );

  app.post<{ Body: { flow: string; dryRun?: boolean } }>(
    '/api/ops/dlq/release',
    { config: { access: { roles, audit: releaseNote } }, schema: { body: releaseBody } },
    async (request, reply) => {
      const { flow, dryRun = false } = request.body;
      const running = flowOf(flow);
      const brake = await state.operations.brake(flow);
      if (!brake) throw error('AORTA_EDGE_010', { flow });
      if (dryRun) return reply.send({ dryRun, brake });
      await state.operations.releaseBrake(flow);
      void running.nudge();
      return reply.code(202).send({ dryRun, brake });
    },
  );
}
