import type { Workload } from '../contract/workload.ts';

/** One row of PostgreSQL for each event, durable and once. */
const effects: Workload = {
  name: 'effects',
  what: 'one SQL effect for each 1 KB event, 12 partitions, PostgreSQL with fsync',
  work: 'effect',
  peers: ['pg-event', 'pg-batch'],
  partitions: 12,
  patients: 5_000,
  messages: 120_000,
  // Rows carry no time of arrival that another clock could read.
  rate: 0,
  callMs: [0, 0],
  inFlight: 0,
  outputs: [],
  expected: (messages) => messages,
  // What is in the table is looked at by SQL: sink.ts.
  place: () => undefined,
};

export const workloads = [effects];
