import { oneOutput } from '../contract/workload.ts';
import { defaults, growth } from '../studies/growth.ts';
import { workloads as states } from './patient-state.ts';

const messages = 300_000;
const thousands = [1_000, 10_000, 100_000, 1_000_000];
const [state] = states;

export const studies = [
  growth({
    ...{ name: 'growth-topologies', what: '1 to 100 topologies in one process, an input of one partition each; the same events in all' },
    ...{ unit: 'topologies', sizes: [1, 10, 30, 100], messages, live: true },
    shape: (flows) => ({ patients: 5_000, partitions: 1, flows }),
  }),
  growth({
    ...{ name: 'growth-patients', what: '1,000 to 1,000,000 patients, without state' },
    ...{ unit: 'patients', sizes: thousands, messages: 1_000_000 },
    shape: (patients) => ({ ...defaults, patients }),
  }),
  growth({
    ...{ name: 'growth-patients-state', what: '1,000 to 1,000,000 patients, a fold of each, its state durable' },
    ...{ unit: 'patients', sizes: thousands, messages: 1_000_000 },
    workload: state ?? { ...oneOutput, work: 'fold' },
    shape: (patients) => ({ ...defaults, patients }),
  }),
  growth({
    ...{ name: 'growth-partitions', what: '6 to 600 partitions of the input, and as many of the output' },
    ...{ unit: 'partitions', sizes: [6, 60, 600], messages: 1_000_000 },
    shape: (partitions) => ({ ...defaults, partitions }),
  }),
  growth({
    ...{ name: 'growth-operators', what: '1 to 30 operators between reading and writing, each a map that copies the event' },
    ...{ unit: 'operators', sizes: [1, 3, 10, 30], messages },
    shape: (operators) => ({ ...defaults, operators }),
  }),
];
