import type { Hl7Adt } from '../../schemas/generated/hl7-adt.ts';
import type { Task, Work } from './task.ts';

/** What `workloads/<name>.ts` exports, one or several of a family, as `workloads`. */
export interface Workload {
  readonly name: string;
  /** One line for help and report. */
  readonly what: string;
  readonly work: Work;
  /** Peers in the order of the report; others that can do the work follow. Those that this checkout has not are reported as missing. */
  readonly peers: readonly string[];
  /** Peers that only run when they are asked for by name: far too slow for a normal run. */
  readonly onRequest?: readonly string[];
  readonly partitions: number;
  readonly patients: number;
  /** Events of the backlog. */
  readonly messages: number;
  /** Events per second of the latency rounds; `loads` in place of it: shares of the throughput measured before. */
  readonly rate: number;
  readonly loads?: readonly number[];
  readonly callMs: Task['callMs'];
  readonly inFlight: number;
  /** Labels of the output topics; empty: the table `bench_effect`. */
  readonly outputs: readonly string[];
  /** Of `messages` events of so many patients, in turn, how many come out. */
  expected(messages: number, patients: number): number;
  /**
   * An event read from the output `label`: its place among those of its patient there (0, 1, 2, …); undefined: it should not
   * be there, or not as it is.
   */
  place(label: string, event: Hl7Adt): number | undefined;
}

/** Most workloads write every event, changed, to one topic. */
export const oneOutput = {
  outputs: ['out'],
  callMs: [0, 0],
  inFlight: 0,
  expected: (messages: number) => messages,
  place: (_label: string, event: Hl7Adt) => (event.sender === 'BENCH|OUT' ? Number(event.controlId) : undefined),
} as const;
