import { parseArgs } from 'node:util';
import { error } from '../../src/errors/index.ts';

export interface BenchOptions {
  /** A workload, a family of them, or `all`. */
  readonly workload: string;
  /** Peers beside Aorta; empty: all that can do the workload. */
  readonly peers: readonly string[];
  /** Events in the backlog; 0: the workload's own. */
  readonly messages: number;
  /** Patients in the input; 0: the workload's own. */
  readonly patients: number;
  /** Processes of each peer that has one thread. */
  readonly workers: number;
  /** Seconds after which a backlog round ends, done or not. */
  readonly duration: number;
  /** Seconds of a rate round. */
  readonly rateSeconds: number;
  readonly rounds: number;
  /** Events per second of the latency rounds; 0: none; -1: the workload's own. */
  readonly rate: number;
  /** Milliseconds of the generator's p99 lateness above which a rate round is void. */
  readonly maxLatenessMs: number;
  /** Also rounds with three times the backlog: processor time an event at the margin. */
  readonly margin: boolean;
  readonly json: boolean;
  /** Folder of report and page; undefined: the default one (none with `quick`). */
  readonly out: string | undefined;
  /** File of a baseline; undefined: the stored one. */
  readonly baseline: string | undefined;
  readonly saveBaseline: boolean;
  /** Exit code 2 where a ratio is below its gate. */
  readonly check: boolean;
  readonly quick: boolean;
  /** What stood after `--`: flags of a workload of another shape. */
  readonly own: readonly string[];
}

const refuse = (problem: string) => error('AORTA_CFG_001', { problem });

/** `undefined`: help was asked for, or nothing. Throws AORTA_CFG_001. */
export function benchOptions(all: readonly string[]): BenchOptions | undefined {
  const end = all.indexOf('--');
  const [args, own] = end < 0 ? [all, []] : [all.slice(0, end), all.slice(end + 1)];
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause));
  }
  const { values, positionals } = parsed;
  if (values.help || (positionals.length === 0 && !values.quick)) return undefined;
  if (positionals.length > 1) throw refuse(`one workload (or \`all\`), not ${positionals.length}: ${positionals.join(', ')}`);
  if (values['save-baseline'] && (values.workers ?? '1') !== '1') throw refuse('a baseline is of one worker; leave --workers out');
  if (values.quick && values.margin) throw refuse('--quick has no time for --margin');
  if (values.quick && positionals.length > 0) throw refuse('--quick chooses its own workloads; leave the name out');
  const number = (name: NumberFlag, least: number, otherwise: number): number => {
    const text = values[name];
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least) throw refuse(`--${name} must be a number from ${least} on`);
    return value;
  };
  const whole = (name: NumberFlag, least: number, otherwise: number): number => {
    const value = number(name, least, otherwise);
    if (!Number.isInteger(value)) throw refuse(`--${name} must be a whole number`);
    return value;
  };
  const duration = number('duration', 1, 30);
  return {
    workload: positionals[0] ?? '',
    peers: values.peers?.split(',').filter((name) => name !== '' && name !== 'aorta') ?? [],
    messages: whole('messages', 1, 0),
    patients: whole('patients', 1, 0),
    workers: whole('workers', 1, 1),
    duration,
    rateSeconds: Math.min(duration, 10),
    rounds: whole('rounds', 1, 3),
    rate: number('rate', 0, -1),
    maxLatenessMs: number('max-lateness', 1, 10),
    margin: values.margin,
    json: values.json,
    out: values.out,
    baseline: values.baseline,
    saveBaseline: values['save-baseline'],
    check: values.check || values.quick,
    quick: values.quick,
    own,
  };
}

type NumberFlag = 'messages' | 'patients' | 'workers' | 'duration' | 'rounds' | 'rate' | 'max-lateness';

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      peers: { type: 'string' },
      messages: { type: 'string' },
      patients: { type: 'string' },
      workers: { type: 'string' },
      duration: { type: 'string' },
      rounds: { type: 'string' },
      rate: { type: 'string' },
      'max-lateness': { type: 'string' },
      out: { type: 'string' },
      baseline: { type: 'string' },
      'save-baseline': { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      margin: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
