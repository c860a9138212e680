import { oneOutput, type Workload } from '../contract/workload.ts';

/** A fold per patient whose state survives the process, and which is right after every event. */
const patientState: Workload = {
  ...oneOutput,
  name: 'patient-state',
  what: '1 KB events folded into durable state of each patient (100,000 of them), 12 partitions, acks=all',
  work: 'fold',
  peers: ['pg-batch', 'tuned-memory', 'streams-eos', 'streams-memory'],
  partitions: 12,
  patients: 100_000,
  messages: 300_000,
  rate: 500,
  place(_label, event) {
    const seq = Number(event.controlId);
    // The whole history of the patient is in these two numbers.
    return event.sender === 'BENCH|OUT' && event.profile === `${seq + 1}:${(seq * (seq + 1)) / 2}` ? seq : undefined;
  },
};

export const workloads = [patientState];
