import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hl7AdtSchema } from '../../schemas/generated/hl7-adt.ts';
import { confluentRegistry } from '../../src/schema/confluent/registry.ts';
import { subjectOf } from '../../src/schema/subject.ts';
import { freshDatabase } from '../../test/support/services.ts';
import type { Peer } from '../contract/peer.ts';
import type { Task } from '../contract/task.ts';
import type { Workload } from '../contract/workload.ts';
import { type Sink, sinkOf } from '../load/sink.ts';
import { Cluster } from './cluster.ts';
import { type MeasuredPeer, PeerProcess } from './peer-process.ts';
import { PeerWorkers } from './peer-workers.ts';

export interface Plan {
  readonly peer: Peer;
  readonly workload: Pick<Workload, 'name' | 'work' | 'callMs' | 'inFlight' | 'outputs' | 'expected' | 'place'>;
  /** Tells the rounds of a peer apart: part of names. */
  readonly purpose: string;
  readonly input: string;
  readonly partitions: number;
  readonly patients: number;
  /** Processes of a peer that has one thread. @default 1 */
  readonly workers?: number;
  /** What only some workloads ask for. */
  readonly more?: Pick<Task, 'flows' | 'operators' | 'metrics'>;
}

export interface Round {
  readonly task: Task;
  readonly process: MeasuredPeer;
  readonly sink: Sink;
  /** One more process of the same peer, in the same group. */
  another(): Promise<PeerProcess>;
}

/** Topics, databases, subjects and processes of one run of a workload: all of it goes when its round or the run ends. */
export class Stage {
  readonly run = `bench-${randomBytes(4).toString('hex')}`;
  readonly brokers: readonly string[] = (process.env['KAFKA_BROKERS'] ?? '').split(',');
  readonly cluster = new Cluster(this.brokers);
  readonly #registryUrl = process.env['SCHEMA_REGISTRY_URL'] ?? '';
  readonly #subjects: string[] = [];
  readonly #signal: AbortSignal;
  #schemaId = 0;

  /** `signal`: from then on peers count as failed. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  connect(): Promise<void> {
    return this.cluster.connect();
  }

  /** Of the events of every input. */
  get schemaId(): number {
    return this.#schemaId;
  }

  /** Makes an input topic, its schema registered. */
  async input(purpose: string, partitions: number): Promise<string> {
    const topic = `${this.run}${purpose}`;
    const registry = await confluentRegistry({ url: this.#registryUrl });
    try {
      this.#subjects.push(topic);
      this.#schemaId = await registry.register(subjectOf(topic), hl7AdtSchema);
    } finally {
      await registry.close();
    }
    await this.cluster.create(topic, partitions);
    return topic;
  }

  /** A peer in a process, topics, database and directory of its own. */
  async round<T>(plan: Plan, work: (round: Round) => Promise<T>): Promise<T> {
    const { peer, workload, partitions, workers = 1 } = plan;
    const name = `${this.run}-${plan.purpose}-${peer.name}`;
    const [database, scratch] = [await freshDatabase('bench'), mkdtempSync(join(tmpdir(), 'aorta-bench-'))];
    const outputs = Object.fromEntries(workload.outputs.map((label) => [label, `${name}.${label}`]));
    for (const topic of Object.values(outputs)) await this.cluster.create(topic, partitions);
    this.#subjects.push(...Object.values(outputs));
    const task = this.#task(plan, name, outputs, database.url, scratch);
    const sink = sinkOf(workload, peer, task, this.cluster);
    const running: PeerProcess[] = [];
    const another = async (): Promise<PeerProcess> => {
      const started = await PeerProcess.start(peer, task, this.#signal);
      running.push(started);
      return started;
    };
    try {
      const processes = await Promise.all(Array.from({ length: 'launch' in peer ? 1 : workers }, another));
      return await work({ task, process: new PeerWorkers(processes), sink, another });
    } finally {
      await Promise.all(running.map((each) => each.stop()));
      await sink.close();
      await this.cluster.remove(...Object.values(outputs), ...flowNames(task).flatMap((flow) => [`${flow}.parked`, `${flow}.dlq`]));
      await database.drop();
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  #task(
    { peer, workload, input, partitions, patients, more }: Plan,
    name: string,
    outputs: Task['outputs'],
    url: string,
    scratch: string,
  ): Task {
    const { work, callMs, inFlight } = workload;
    return {
      ...{
        workload: workload.name,
        work,
        peer: peer.name,
        brokers: this.brokers,
        registryUrl: this.#registryUrl,
        databaseUrl: url,
        scratch,
      },
      schemaFile: join(import.meta.dirname, '../../schemas/hl7-adt.avsc'),
      ...{ name, input, outputs, partitions, patients, callMs, inFlight },
      ...more,
    };
  }

  async close(): Promise<void> {
    await this.cluster.close();
    const url = this.#registryUrl;
    await Promise.all(
      this.#subjects.map((topic) => fetch(`${url}/subjects/${subjectOf(topic)}`, { method: 'DELETE' }).catch(() => undefined)),
    );
  }
}

/** Names of the flows of a task: one, or as many as it asks for. */
export const flowNames = ({ name, flows = 1 }: Pick<Task, 'name' | 'flows'>): readonly string[] =>
  flows === 1 ? [name] : Array.from({ length: flows }, (_, i) => `${name}-${i}`);
