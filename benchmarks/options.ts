import { parseArgs } from 'node:util';
import { error } from '../src/errors/index.ts';

export interface BenchOptions {
  readonly workload: string;
  /** Peers beside Aorta; empty: all that can do the workload. */
  readonly peers: readonly string[];
  /** Events in the backlog; 0: the workload's own. */
  readonly messages: number;
  /** Seconds after which a backlog round ends, done or not; also the length of a rate round. */
  readonly duration: number;
  readonly rounds: number;
  /** Events per second of the latency rounds; 0: none; -1: the workload's own. */
  readonly rate: number;
  readonly json: boolean;
}

export const usage = `aorta bench <workload> [options]

Runs Aorta and hand-written loops on the same real Kafka, in turns, each in a process of its own.

Workloads
  passthrough   1 KB events, Avro in to Avro out, 12 partitions, acks=all
  calls         a 50 ms asynchronous call for each event, one partition, 1,000 patients, order kept

Options
  --peers a,b     peers beside aorta (naive, tuned, per-key); default: all that can do the workload
  --messages N    events in the backlog
  --duration S    most seconds of a round (default 15)
  --rate R        events per second of the latency rounds; 0: no latency rounds
  --rounds N      rounds of each peer (default 3)
  --json          one JSON document, on the last line

Example
  npm run bench -- passthrough --peers tuned --rounds 5
`;

/** Throws AORTA_CFG_001. */
export function benchOptions(args: readonly string[]): BenchOptions | undefined {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (cause) {
    throw error('AORTA_CFG_001', { problem: cause instanceof Error ? cause.message : String(cause) });
  }
  const { values, positionals } = parsed;
  if (values.help || positionals.length === 0) return undefined;
  const number = (name: 'messages' | 'duration' | 'rounds' | 'rate', least: number, otherwise: number): number => {
    const text = values[name];
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (!Number.isFinite(value) || value < least) throw error('AORTA_CFG_001', { problem: `--${name} must be a number from ${least} on` });
    return value;
  };
  return {
    workload: positionals[0] ?? '',
    peers: values.peers?.split(',').filter((name) => name !== '' && name !== 'aorta') ?? [],
    messages: Math.floor(number('messages', 1, 0)),
    duration: number('duration', 1, 15),
    rounds: Math.floor(number('rounds', 1, 3)),
    rate: number('rate', 0, -1),
    json: values.json,
  };
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      peers: { type: 'string' },
      messages: { type: 'string' },
      duration: { type: 'string' },
      rounds: { type: 'string' },
      rate: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
