import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ulid } from '../../clock/ulid.ts';
import { error } from '../../errors/index.ts';
import { withHead } from '../../state/redrive-head.ts';
import { reads } from '../access.ts';
import { heldPatients } from '../held.ts';
import { loopGuard } from '../loop-guard.ts';
import type { EdgeOptions } from '../options.ts';
import { count, known, type Query, single } from '../parameters.ts';

interface Redrive {
  readonly flow: string;
  readonly key?: string;
  readonly errorClass?: string;
  readonly head?: number;
  readonly action?: 'redrive' | 'single' | 'discard';
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

const text = (maxLength: number, minLength = 1) => ({ type: 'string', minLength, maxLength, pattern: '^[^\\u0000]*$' });
const body = {
  type: 'object',
  required: ['flow'],
  additionalProperties: false,
  properties: {
    flow: text(63),
    // Empty: what came without a patient.
    key: text(256, 0),
    errorClass: text(32),
    head: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    action: { enum: ['redrive', 'single', 'discard'] },
    dryRun: { type: 'boolean' },
    force: { type: 'boolean' },
  },
} as const;

/** Patients that one request tries again; the answer says how many are left. */
const mostAtOnce = 1000;

const redriveNote = (request: FastifyRequest) => {
  const { flow, key, errorClass, action = 'redrive', dryRun = false, force = false } = request.body as Redrive;
  return {
    action: dryRun ? 'read' : action === 'single' ? 'redrive' : action,
    patientId: key,
    details: {
      flow,
      ...(errorClass === undefined ? {} : { errorClass }),
      ...(action === 'single' ? { single: true } : {}),
      ...(force ? { force } : {}),
    },
  };
};

/** Patients on the held list, and the requests to try their heads again. */
export function parkedRoutes(app: FastifyInstance, { flows, state, clock, random }: EdgeOptions): void {
  const roles = ['operator', 'admin'] as const;

  app.get<{ Querystring: Query }>(
    '/api/ops/parked',
    { config: { access: { roles, audit: reads(), watched: true } } },
    async ({ query }) => {
      known(query, ['flow', 'limit']);
      const { count: total, patients } = await heldPatients(state, { flow: single(query, 'flow') }, count(query, 'limit', 1000) ?? 200);
      return { count: total, patients };
    },
  );

  const ofPatient = reads((request) => (request.params as { key: string }).key);
  app.get<{ Params: { flow: string; key: string } }>(
    '/api/ops/parked/:flow/:key',
    { config: { access: { roles, audit: ofPatient } } },
    async ({ params }) => {
      const { patients, lanes } = await heldPatients(state, params, 1);
      const [patient] = patients;
      const [lane] = lanes;
      if (!patient || !lane) throw error('AORTA_EDGE_004', { what: 'held patient with that key' });
      const rows = await state.held(lane, params.key, 0, 500);
      const envelopes = rows.map(({ seq, offset, eventId, timestamp, attempt, due, reason, operator, errorClass, errorCode, value }) => ({
        ...{ seq, offset, eventId, timestamp, attempt, due, reason, operator },
        ...{ class: errorClass, code: errorCode, size: value?.length ?? 0 },
      }));
      return { ...patient, envelopes };
    },
  );

  /**
   * The owner of each patient's partition executes it: the head is tried again; what waits behind it follows in order, or
   * (`single`) stays parked. With `head` only if that is still the first one (AORTA_ENGINE_032). A head that is back for the third time within a day needs `force` (AORTA_EDGE_009).
   */
  app.post<{ Body: Redrive }>(
    '/api/ops/parked/redrive',
    { config: { access: { roles, audit: redriveNote } }, schema: { body } },
    async (request, reply) => {
      const { flow, key, errorClass, head, action = 'redrive', dryRun = false, force = false } = request.body;
      if (!flows.some((running) => running.name === flow)) throw error('AORTA_EDGE_004', { what: 'such flow' });
      if (action !== 'redrive' && key === undefined) throw error('AORTA_EDGE_005', { problem: `${action} names one patient` });
      if (head !== undefined && key === undefined)
        throw error('AORTA_EDGE_005', { problem: 'head names the first envelope of one patient' });
      const { count: matching, patients: found } = await heldPatients(state, { flow, key, errorClass }, mostAtOnce);
      const patients = head === undefined ? found : found.filter((patient) => patient.head === head);
      if (key !== undefined && found.length === 0) throw error('AORTA_EDGE_004', { what: 'held patient with that key and class' });
      // The owner looks again: it may change until then.
      if (head !== undefined && patients.length === 0) throw error('AORTA_ENGINE_032', { flow, asked: head });
      const now = clock.now();
      const { free, guarded } = await loopGuard(state, flow, patients, now, force || action === 'discard');
      if (key !== undefined && free.length === 0) throw error('AORTA_EDGE_009');
      if (!dryRun) {
        // Each names the head that was seen here: one that is gone when its owner looks must not become another one's.
        const notes = free.map(({ eventId, head: seen }) => ({
          ...{ id: withHead(ulid(clock, random), seen), flow, eventId, action, actor: request.actor.id, at: now, letter: null },
        }));
        await state.operations.noteRedrives(notes);
        for (const [i, patient] of free.entries()) {
          const { id, actor, at } = notes[i] as (typeof notes)[number];
          await state.requestRedrive({ id, flow, key: patient.key, errorClass: errorClass ?? null, action, actor, at });
        }
        for (const running of flows) if (running.name === flow) void running.nudge();
      }
      return reply
        .code(dryRun ? 200 : 202)
        .send({ action, dryRun, remaining: matching - found.length, patients: free, guarded: guarded.length });
    },
  );
}
