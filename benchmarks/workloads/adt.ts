import { oneOutput, type Workload } from '../contract/workload.ts';
import { routes, triggers } from '../work/event.ts';

const kinds = triggers.length;
const isRouted = (seq: number): boolean => routes[triggers[seq % kinds] as string] !== undefined;

/** NEXMark's q1 and q2 on ADT events: a quarter is dropped, the rest goes to one of three topics by its trigger. */
const adt: Workload = {
  ...oneOutput,
  name: 'adt',
  what: '1 KB ADT events: decode, filter, map, route to three topics, 12 partitions, acks=all',
  work: 'route',
  peers: ['tuned', 'platformatic', 'streams', 'streams-tuned', 'naive', 'adapter'],
  onRequest: ['naive', 'adapter'],
  partitions: 12,
  patients: 5_000,
  messages: 120_000,
  rate: 1_000,
  outputs: ['admissions', 'transfers', 'discharges'],
  expected(messages, patients) {
    let count = 0;
    for (let n = 0; n < messages; n++) if (isRouted(Math.floor(n / patients))) count++;
    return count;
  },
  place(label, event) {
    const seq = Number(event.controlId);
    const right = event.sender === 'BENCH|OUT' && event.event === triggers[seq % kinds] && routes[event.event] === label;
    return right ? Math.floor(seq / kinds) : undefined;
  },
};

export const workloads = [adt];
