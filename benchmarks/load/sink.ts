import type { Peer } from '../contract/peer.ts';
import type { Task } from '../contract/task.ts';
import type { Workload } from '../contract/workload.ts';
import type { Cluster } from '../runner/cluster.ts';
import type { Findings } from './order-check.ts';
import { TableSink } from './sinks/table.ts';
import { TopicsSink } from './sinks/topics.ts';

/** Where the output of a round goes, as seen from outside the peer. */
export interface Sink {
  /** Events that came out so far. */
  size(): Promise<number>;
  /** Reads all of it. `expected`: how many must be there; 0: the peer was stopped before its end. */
  verify(expected: number): Promise<Findings>;
  close(): Promise<void>;
}

export const sinkOf = (workload: Pick<Workload, 'outputs' | 'expected' | 'place'>, peer: Peer, task: Task, cluster: Cluster): Sink =>
  workload.outputs.length > 0 ? new TopicsSink(cluster, workload, task, peer.progress ?? 'output') : new TableSink(task.databaseUrl);
