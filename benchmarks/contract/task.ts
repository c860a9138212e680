/** The work of a workload's peers between reading and writing. `peers/README.md` says what each has to do. */
export type Work = 'map' | 'chain' | 'route' | 'fold' | 'call' | 'effect';

export const works: readonly Work[] = ['map', 'chain', 'route', 'fold', 'call', 'effect'];

/** What one peer is to do in one round: read `input` in a consumer group of its own, work, write `outputs` or the table. */
export interface Task {
  readonly workload: string;
  readonly work: Work;
  readonly peer: string;
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  /** An empty database of this round. */
  readonly databaseUrl: string;
  /** An empty directory of this round, for peers that keep state in files. */
  readonly scratch: string;
  /** The Avro schema of the events, as a file. */
  readonly schemaFile: string;
  /** Also the name of Aorta's flow: lower-case letters, digits, dashes. Clients name their group or application so. */
  readonly name: string;
  readonly input: string;
  /** Topics by label: `out`, or those of `route`; none where the work ends in a table. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Of the input and of each output. */
  readonly partitions: number;
  /** Patients in the input. */
  readonly patients: number;
  /** Milliseconds of the asynchronous call, from and to; 0: none. */
  readonly callMs: readonly [number, number];
  /** Calls that may be under way at once; 0: as many as the peer likes. */
  readonly inFlight: number;
  /** Flows in the one process; flow i reads `<input>.<i>`, all write the same output. None: one, of `input`. Only Aorta has them. */
  readonly flows?: number;
  /** Operators between reading and writing, each doing the same. None: one. Only Aorta has them. */
  readonly operators?: number;
  /** Metrics that the peer tells each second as `figure <name> <sum>`. Only Aorta has them. */
  readonly metrics?: readonly string[];
}

/** The task as a peer's process gets it, whatever its language. */
export function environmentOf(task: Task): Record<string, string> {
  return {
    BENCH_WORKLOAD: task.workload,
    BENCH_WORK: task.work,
    BENCH_PEER: task.peer,
    BENCH_NAME: task.name,
    BENCH_BROKERS: task.brokers.join(','),
    BENCH_REGISTRY_URL: task.registryUrl,
    BENCH_DATABASE_URL: task.databaseUrl,
    BENCH_SCRATCH: task.scratch,
    BENCH_SCHEMA_FILE: task.schemaFile,
    BENCH_INPUT: task.input,
    BENCH_OUTPUTS: Object.entries(task.outputs)
      .map(([label, topic]) => `${label}=${topic}`)
      .join(','),
    BENCH_PARTITIONS: String(task.partitions),
    BENCH_PATIENTS: String(task.patients),
    BENCH_CALL_MS: task.callMs.join('-'),
    BENCH_IN_FLIGHT: String(task.inFlight),
    ...(task.flows === undefined ? {} : { BENCH_FLOWS: String(task.flows) }),
    ...(task.operators === undefined ? {} : { BENCH_OPERATORS: String(task.operators) }),
    ...(task.metrics === undefined ? {} : { BENCH_METRICS: task.metrics.join(',') }),
  };
}

/** The reverse, for peers in TypeScript. */
export function taskFrom(env: Readonly<Record<string, string | undefined>>): Task {
  const text = (name: string): string => {
    const value = env[name];
    if (value === undefined) throw new Error(`${name} is not set: this process is started by the benchmark runner (peers/README.md)`);
    return value;
  };
  const [low = 0, high = low] = text('BENCH_CALL_MS').split('-').map(Number);
  return {
    workload: text('BENCH_WORKLOAD'),
    work: text('BENCH_WORK') as Work,
    peer: text('BENCH_PEER'),
    name: text('BENCH_NAME'),
    brokers: text('BENCH_BROKERS').split(','),
    registryUrl: text('BENCH_REGISTRY_URL'),
    databaseUrl: text('BENCH_DATABASE_URL'),
    scratch: text('BENCH_SCRATCH'),
    schemaFile: text('BENCH_SCHEMA_FILE'),
    input: text('BENCH_INPUT'),
    outputs: Object.fromEntries(
      text('BENCH_OUTPUTS')
        .split(',')
        .filter((pair) => pair !== '')
        .map((pair) => pair.split('=', 2) as [string, string]),
    ),
    partitions: Number(text('BENCH_PARTITIONS')),
    patients: Number(text('BENCH_PATIENTS')),
    callMs: [low, high],
    inFlight: Number(text('BENCH_IN_FLIGHT')),
    ...(env['BENCH_FLOWS'] === undefined ? {} : { flows: Number(env['BENCH_FLOWS']) }),
    ...(env['BENCH_OPERATORS'] === undefined ? {} : { operators: Number(env['BENCH_OPERATORS']) }),
    ...(env['BENCH_METRICS'] === undefined ? {} : { metrics: env['BENCH_METRICS'].split(',') }),
  };
}

/** The topic of a task with one output. */
export const outputOf = ({ outputs, workload }: Pick<Task, 'outputs' | 'workload'>): string => {
  const topic = outputs['out'];
  if (topic === undefined) throw new Error(`${workload} has no output called out`);
  return topic;
};
