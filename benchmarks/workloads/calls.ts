import { oneOutput, type Workload } from '../contract/workload.ts';

/** Calls without a bound on how many are under way but the patients' own order: the engine's cost of a wait. */
const calls: Workload = {
  ...oneOutput,
  name: 'calls',
  what: 'a 50 ms asynchronous call for each event, as many at once as there are patients, one partition, 1,000 patients',
  work: 'call',
  peers: ['per-key', 'naive'],
  onRequest: ['naive'],
  partitions: 1,
  patients: 1_000,
  callMs: [50, 50],
  messages: 60_000,
  rate: 500,
};

export const workloads = [calls];
