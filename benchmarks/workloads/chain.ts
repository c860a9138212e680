import { oneOutput, type Workload } from '../contract/workload.ts';

/** What the DSL and the acknowledgement of events cost: ten operators beside the same ten changes in a loop over the bare client. */
const chain: Workload = {
  ...oneOutput,
  name: 'chain',
  what: 'passthrough with ten operators beside ten changes in a loop; the difference in CPU s/M is microseconds an event',
  work: 'chain',
  peers: ['adapter'],
  partitions: 12,
  patients: 5_000,
  messages: 400_000,
  rate: 0,
};

export const workloads = [chain];
