import type { FastifyInstance } from 'fastify';
import { error } from '../../errors/index.ts';
import { reads } from '../access.ts';
import { heldPatients } from '../held.ts';
import type { EdgeOptions } from '../options.ts';
import { known, type Query, single } from '../parameters.ts';

/** Why a patient or a partition waits: `aorta why`. */
export function whyRoutes(app: FastifyInstance, { flows, state }: EdgeOptions): void {
  const audit = reads((request) => {
    const { patient } = request.query as Query;
    return typeof patient === 'string' ? patient : undefined;
  });
  const config = { access: { roles: ['operator', 'admin'] as const, audit } };

  app.get<{ Querystring: Query }>('/api/ops/why', { config }, async ({ query }) => {
    known(query, ['patient', 'partition', 'flow']);
    const [patient, partition, name] = [single(query, 'patient'), single(query, 'partition'), single(query, 'flow')];
    if ((patient === undefined) === (partition === undefined))
      throw error('AORTA_EDGE_005', { problem: 'give either patient or partition' });
    const asked = flows.filter((flow) => name === undefined || flow.name === name);
    if (asked.length === 0) throw error('AORTA_EDGE_004', { what: 'such flow' });
    if (patient !== undefined) {
      const waits = asked.flatMap((flow) => flow.whyPatient(patient).map((wait) => ({ flow: flow.name, ...wait })));
      return { waits: waits.length > 0 ? waits : await elsewhere(patient, name) };
    }
    // A number, or `topic/number`.
    const digits = /^(?:.*\/)?(\d{1,9})$/.exec(partition ?? '')?.[1];
    if (digits === undefined) throw error('AORTA_EDGE_005', { problem: 'partition is a number' });
    return { waits: asked.flatMap((flow) => flow.whyPartition(Number(digits)).map((wait) => ({ flow: flow.name, ...wait }))) };
  });

  /** The owner of the patient's partition may be another worker: then the store says what is held. */
  async function elsewhere(patient: string, flow: string | undefined) {
    const { patients, lanes } = await heldPatients(state, { key: patient, flow }, 20);
    return patients.map((held, i) => ({
      flow: held.flow,
      topic: lanes[i]?.topic,
      partition: lanes[i]?.partition,
      reason: held.parked ? 'parked' : 'held',
      attempt: held.attempt,
      behind: held.count - 1,
      ...(held.operator === null ? {} : { operator: held.operator }),
      ...(held.code === null ? {} : { code: held.code }),
      ...(held.due === null ? {} : { until: held.due }),
      overdue: false,
      message: `${held.parked ? 'parked' : 'held'} (${held.code ?? held.reason}), owned by another worker or not read yet; ${held.count - 1} behind`,
    }));
  }
}
