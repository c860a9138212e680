import type { FastifyInstance } from 'fastify';
import { ulid } from '../../clock/ulid.ts';
import { error } from '../../errors/index.ts';
import type { HeldKey, LaneRef } from '../../state/port.ts';
import type { EdgeOptions } from '../options.ts';

type Held = HeldKey & { readonly lane: LaneRef };

const view = ({ key, count, head, lane }: Held) => ({
  flow: lane.flow,
  key,
  count,
  parked: head.due === null,
  reason: head.reason,
  operator: head.operator,
  class: head.errorClass,
  code: head.errorCode,
  attempt: head.attempt,
  redrives: head.redrives,
  due: head.due,
  since: head.timestamp,
  source: `${lane.topic}/${lane.partition}/${head.offset}`,
  eventId: head.eventId,
});

/** Patients on the held list, and the requests to try their heads again. */
export function parkedRoutes(app: FastifyInstance, { flows, state, clock, random }: EdgeOptions): void {
  const look = { access: { roles: ['operator', 'admin'] as const, audit: 'read' } };
  const change = { access: { roles: ['operator', 'admin'] as const, audit: 'redrive' } };
  const held = async (flow?: string): Promise<Held[]> =>
    (await Promise.all(flows.filter((f) => flow === undefined || f.name === flow).map((f) => state.heldKeys(f.name, 1000)))).flat();

  app.get<{ Querystring: { flow?: string } }>('/api/ops/parked', { config: look }, async (request) => ({ patients: (await held(request.query.flow)).map(view) }));

  app.get<{ Params: { flow: string; key: string } }>('/api/ops/parked/:flow/:key', { config: look }, async (request) => {
    const { flow, key } = request.params;
    const found = (await held(flow)).find((h) => h.key === key);
    if (!found) throw error('AORTA_EDGE_004', { what: 'held patient with that key' });
    const rows = await state.held(found.lane, key, 0, 500);
    return {
      ...view(found),
      envelopes: rows.map((row) => ({
        seq: row.seq, offset: row.offset, eventId: row.eventId, timestamp: row.timestamp, attempt: row.attempt, due: row.due,
        reason: row.reason, operator: row.operator, class: row.errorClass, code: row.errorCode, size: row.value?.length ?? 0,
      })),
    };
  });

  interface Redrive {
    flow: string;
    key?: string;
    errorClass?: string;
    action?: 'redrive' | 'discard';
    dryRun?: boolean;
  }
  const body = {
    type: 'object',
    required: ['flow'],
    additionalProperties: false,
    properties: {
      flow: { type: 'string', maxLength: 63 },
      key: { type: 'string', maxLength: 256 },
      errorClass: { type: 'string', maxLength: 32 },
      action: { enum: ['redrive', 'discard'] },
      dryRun: { type: 'boolean' },
    },
  } as const;
  /** The owner of each patient's partition executes it: the head is tried again; what waits behind it follows in order. */
  app.post<{ Body: Redrive }>('/api/ops/parked/redrive', { config: change, schema: { body } }, async (request, reply) => {
    const { flow, key, errorClass, action = 'redrive', dryRun = false } = request.body;
    if (!flows.some((f) => f.name === flow)) throw error('AORTA_EDGE_004', { what: 'such flow' });
    if (action === 'discard' && key === undefined) throw error('AORTA_EDGE_005', { problem: 'a discard names one patient' });
    const matching = (await held(flow)).filter((h) => (key === undefined || h.key === key) && (errorClass === undefined || h.head.errorClass === errorClass));
    if (key !== undefined && matching.length === 0) throw error('AORTA_EDGE_004', { what: 'held patient with that key and class' });
    if (!dryRun) {
      for (const { key: patient } of matching) {
        await state.requestRedrive({
          id: ulid(clock, random), flow, key: patient, errorClass: errorClass ?? null, action, actor: request.actor.id, at: clock.now(),
        });
      }
      for (const running of flows) if (running.name === flow) void running.nudge();
    }
    return reply.code(dryRun ? 200 : 202).send({ action, dryRun, patients: matching.map(view) });
  });
}
