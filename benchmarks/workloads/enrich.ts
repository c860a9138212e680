import { oneOutput, type Workload } from '../contract/workload.ts';

/** One slow asynchronous call for each event: how much of its wait overlaps while each patient stays in order. */
const enrich = {
  ...oneOutput,
  work: 'call',
  peers: ['per-key', 'parallel-consumer', 'naive'],
  onRequest: ['naive'],
  patients: 1_000,
  callMs: [30, 70],
  inFlight: 200,
  messages: 40_000,
  rate: 500,
} as const satisfies Partial<Workload>;

export const workloads: readonly Workload[] = [
  { ...enrich, name: 'enrich-1', what: 'a call of 50 ± 20 ms for each event, 200 at once, one partition, 1,000 patients', partitions: 1 },
  { ...enrich, name: 'enrich-12', what: 'a call of 50 ± 20 ms for each event, 200 at once, 12 partitions, 1,000 patients', partitions: 12 },
  {
    ...enrich,
    name: 'enrich-short',
    what: '10,000 calls of 0 to 5 ms, 100 at once, one partition, 1,000 patients (the setting of the Parallel Consumer)',
    partitions: 1,
    callMs: [0, 5],
    inFlight: 100,
    messages: 10_000,
    // Start-up is most of so short a run; latency says nothing about it.
    rate: 0,
  },
];
