import { oneOutput, type Workload } from '../contract/workload.ts';

/**
 * Latency at three loads. They are shares of what the slowest of the peers in the run can do, so that all of them are
 * asked the same: a p99 beside another one means something at the same rate only.
 */
const latency: Workload = {
  ...oneOutput,
  name: 'latency',
  what: 'passthrough at 10, 50 and 80 % of the measured maximum, open loop, full histogram',
  work: 'map',
  peers: ['tuned', 'platformatic', 'streams', 'streams-tuned', 'naive'],
  onRequest: ['naive'],
  partitions: 12,
  patients: 5_000,
  messages: 120_000,
  rate: 0,
  loads: [0.1, 0.5, 0.8],
};

export const workloads = [latency];
