import { seededRandom } from '../virtual-clock.ts';

/** Calls of a worker's ports that can go wrong, in the words of their ports. */
export const calls = {
  state: [
    'claim',
    'transact',
    'release',
    'outlived',
    'suspects',
    'states',
    'timers',
    'held',
    'heldAt',
    'redriveRequests',
    'brake',
    'putBrake',
  ],
  log: ['append', 'ends', 'committed', 'commit'],
} as const;
export type PortName = keyof typeof calls;
export type CallName = (typeof calls)[PortName][number];

/** Record `n` of a patient. */
export interface RecordRef {
  readonly key: string;
  readonly n: number;
}

/**
 * One thing that happens, `at` milliseconds after the start. `worker` counts the workers that are alive then, modulo
 * their number.
 *
 * - `send`: records in one batch; `twice`: the producer lost the reply and sends the batch again, with the same hop
 *   numbers; `foreign`: by a producer without hop numbers.
 * - `merge`: what ingress appends for an A40 of `from` into `into`.
 * - `kill` (kill -9), `stop` (SIGTERM), `start` of a worker. `kill-at`: the worker that makes the next such call dies on
 *   that side of it. `lethal`: the record ends the process that runs it until it is parked.
 * - `pause`: SIGSTOP past the session time-out, SIGCONT after `forMs`. `lose`: the group gives the partitions away while
 *   the worker goes on with what it has, and tells it after `forMs`: two owners for a while.
 * - `rebalance`: all partitions are revoked and assigned anew.
 * - `fail`: the next such call is refused, loses its reply, is done twice (append) or takes `ms` more, on its way there
 *   or back. `outage`, `slow`: all calls of a port for a while. `refuse`: the store refuses the turn of this record for good, until all heals.
 * - `jump`: of the wall clock. `trim`: retention, up to the committed offsets. `gap`: offsets without a record.
 * - `redrive`: an operator's request, for a patient or (no key) for all whose head is parked; `again`: made twice.
 * - `release`: an operator releases the dead-letter brake of a tolerant flow; `letters`: and redrives its dead letters.
 * - `recreate`: all workers stop, the topic is deleted and made anew, one worker starts.
 */
export type Action = { readonly at: number } & (
  | { readonly do: 'send'; readonly records: readonly RecordRef[]; readonly twice?: boolean; readonly foreign?: boolean }
  | { readonly do: 'merge'; readonly from: string; readonly into: string; readonly id: string }
  | { readonly do: 'start' | 'rebalance' | 'trim' | 'recreate' }
  | { readonly do: 'kill' | 'stop'; readonly worker: number }
  | { readonly do: 'kill-at'; readonly call: CallName; readonly side: 'before' | 'after' }
  | { readonly do: 'pause' | 'lose'; readonly worker: number; readonly forMs: number }
  | { readonly do: 'jump'; readonly ms: number }
  | {
      readonly do: 'fail';
      readonly call: CallName;
      readonly how: 'refused' | 'lost-reply' | 'twice' | 'slow' | 'slow-reply';
      readonly ms?: number;
    }
  | { readonly do: 'outage'; readonly port: PortName; readonly forMs: number }
  | { readonly do: 'slow'; readonly port: PortName; readonly forMs: number; readonly ms: number }
  | { readonly do: 'refuse' | 'lethal'; readonly key: string; readonly n: number }
  | { readonly do: 'gap'; readonly partition: number; readonly offsets: number }
  | {
      readonly do: 'redrive';
      readonly id: string;
      readonly key: string | null;
      readonly action: 'redrive' | 'discard';
      readonly again?: boolean;
    }
  | { readonly do: 'release'; readonly letters: boolean }
);
export type ActionName = Action['do'];

/** Everything that decides a run besides the flow: the same schedule gives the same run. JSON. */
export interface Schedule {
  /** Of contents, delays and the order of what is due at one moment. */
  readonly seed: number;
  readonly workers: number;
  /** Most milliseconds of a call of each port. */
  readonly logMs: number;
  readonly stateMs: number;
  /** Most records handed over at once. */
  readonly batch: number;
  /** A group does not wait for a member that is still taking its partitions: it loses them. */
  readonly hasty?: boolean;
  readonly actions: readonly Action[];
}

export interface ScheduleLimits {
  readonly events: number;
  readonly patients: number;
  readonly workers: number;
  readonly steps: number;
  /** Share of calls that go wrong. */
  readonly faults: number;
  readonly merges: number;
  readonly partitions: number;
  /** Its records may become dead letters. */
  readonly tolerant: boolean;
  /** Only moves that lose nothing of a worker: start, SIGTERM, rebalance, slow calls, jumps of the clock. */
  readonly orderly: boolean;
  /** Records that end their process, for sure; undefined: one, in some seeds. */
  readonly lethal: number | undefined;
  /** Kinds of action to leave out. */
  readonly without: readonly ActionName[];
}

const moves: readonly (readonly [ActionName, number])[] = [
  ['kill', 3],
  ['kill-at', 4],
  ['stop', 2],
  ['pause', 2],
  ['lose', 2],
  ['start', 3],
  ['rebalance', 1],
  ['jump', 1],
  ['outage', 1],
  ['slow', 1],
  ['trim', 1],
  ['gap', 1],
  ['redrive', 1],
  ['fail', 2],
];
const orderlyMoves: ReadonlySet<ActionName> = new Set(['send', 'start', 'stop', 'rebalance', 'jump', 'slow', 'gap', 'trim']);

/** The actions of a seed. Each seed leaves some kinds out, so that the others are seen undisturbed (swarm testing). */
export function scheduleOf(seed: number, limits: ScheduleLimits): Schedule {
  const random = seededRandom(seed);
  const allowed = (kind: ActionName) => !limits.without.includes(kind) && (!limits.orderly || orderlyMoves.has(kind));
  const enabled = new Set<ActionName>();
  for (const [kind] of moves) if (random.chance(0.7) && allowed(kind)) enabled.add(kind);
  const patients = Array.from({ length: 1 + random.int(limits.patients) }, (_, i) => `patient-${i}`);
  const counts = new Map<string, number>();
  const sent: RecordRef[] = [];
  const actions: Action[] = [];
  const record = (): RecordRef => {
    const key = random.pick(patients);
    const n = counts.get(key) ?? 0;
    counts.set(key, n + 1);
    const made = { key, n };
    sent.push(made);
    return made;
  };
  const twice = random.chance(0.5) && allowed('kill');
  const foreign = random.chance(0.3);
  const burst = random.chance(0.25);
  let at = 0;
  const send = (most: number): number => {
    const records = Array.from({ length: 1 + random.int(most) }, record);
    actions.push({
      at,
      do: 'send',
      records,
      ...(foreign && random.chance(0.3) ? { foreign: true } : twice && random.chance(0.2) ? { twice: true } : {}),
    });
    return records.length;
  };
  const weights = moves.filter(([kind]) => enabled.has(kind)).flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));
  let left = limits.events;
  for (let step = 0; step < limits.steps; step++) {
    let quota = burst ? (step === 0 ? left * 0.7 : 1) : limits.events / limits.steps;
    while (quota > 0 && left > 0) {
      const n = send(burst ? 12 : 4);
      quota -= n;
      left -= n;
      if (!burst && random.chance(0.4)) at += random.int(25);
    }
    if (weights.length > 0 && random.chance(0.85)) actions.push(move(random.pick(weights), at, limits, random, patients, step));
    at += random.int(400);
  }
  // A patient is merged away once, and never into one that already was: identity makes no circles.
  const mergers = Math.min(random.int(limits.merges + 1), patients.length - 1);
  const times = Array.from({ length: mergers }, () => random.int(at)).sort((a, b) => a - b);
  for (const [i, time] of times.entries()) {
    const from = mergers - i;
    actions.push({
      at: time,
      do: 'merge',
      from: patients[from] as string,
      into: patients[random.int(from)] as string,
      id: `merge-${from}`,
    });
  }
  if (enabled.has('redrive'))
    for (let i = random.int(10); i > 0; i--) actions.push(move('redrive', random.int(at), limits, random, patients, limits.steps + i));
  if (limits.tolerant && allowed('release'))
    for (let i = random.int(6); i > 0; i--) actions.push({ at: random.int(at + 1000), do: 'release', letters: random.chance(0.6) });
  if (allowed('fail') && random.chance(0.8)) {
    const faults = Math.round(limits.faults * limits.events * 8 * random.next());
    for (let i = 0; i < faults; i++) actions.push(fail(random.int(at), random));
  }
  if (allowed('refuse') && random.chance(0.3))
    for (let i = random.int(3); i >= 0; i--) actions.push({ at: 0, do: 'refuse', ...random.pick(sent) });
  for (let i = limits.lethal ?? 0; i > 0; i--) actions.push({ at: 0, do: 'lethal', ...random.pick(sent) });
  if (limits.lethal === undefined && allowed('lethal') && random.chance(0.12)) actions.push({ at: 0, do: 'lethal', ...random.pick(sent) });
  if (allowed('recreate') && random.chance(0.1)) {
    actions.push(
      { at: at + 600, do: 'recreate' },
      { at: at + 1500, do: 'send', records: Array.from({ length: 1 + random.int(4) }, record) },
    );
  }
  return {
    seed,
    workers: 1 + random.int(limits.workers),
    logMs: random.pick([1, 20, 60]),
    stateMs: random.pick([1, 30, 90]),
    batch: 1 + random.int(20),
    hasty: allowed('lose') && random.chance(0.5),
    actions: inOrder(actions),
  };
}

type Seeded = ReturnType<typeof seededRandom>;

function move(kind: ActionName, at: number, limits: ScheduleLimits, random: Seeded, patients: readonly string[], step: number): Action {
  const worker = random.int(8);
  switch (kind) {
    case 'kill':
    case 'stop':
      return { at, do: kind, worker };
    case 'kill-at':
      return {
        at,
        do: kind,
        call: random.pick(['append', 'transact', 'transact', 'commit', 'claim', 'release', 'states', 'ends'] as const),
        side: random.chance(0.5) ? 'before' : 'after',
      };
    case 'pause':
    case 'lose':
      return { at, do: kind, worker, forMs: 20 + random.int(800) };
    case 'jump':
      return { at, do: kind, ms: random.int(120_000) - 60_000 };
    case 'outage':
      return { at, do: kind, port: random.chance(0.5) ? 'state' : 'log', forMs: 100 + random.int(1500) };
    case 'slow':
      return { at, do: kind, port: random.chance(0.5) ? 'state' : 'log', forMs: 200 + random.int(1500), ms: 100 + random.int(400) };
    case 'gap':
      return { at, do: kind, partition: random.int(limits.partitions), offsets: 1 + random.int(5) };
    case 'redrive':
      return {
        at,
        do: kind,
        id: `operator-${step}`,
        key: random.pick(patients),
        action: random.chance(0.3) ? 'discard' : 'redrive',
        ...(random.chance(0.5) ? { again: true } : {}),
      };
    case 'fail':
      return fail(at, random);
    default:
      return { at, do: kind as 'start' | 'rebalance' | 'trim' };
  }
}

function fail(at: number, random: Seeded): Action {
  const call = random.pick([
    'transact',
    'transact',
    'transact',
    'append',
    'append',
    'commit',
    'claim',
    'states',
    'held',
    'timers',
    'ends',
    'redriveRequests',
  ] as const);
  const hows: readonly Extract<Action, { do: 'fail' }>['how'][] = [
    'refused',
    'lost-reply',
    'slow',
    'slow-reply',
    ...(call === 'append' ? ['twice' as const] : []),
  ];
  // What a list named may be done when the reply comes.
  const how = call === 'redriveRequests' || call === 'timers' ? 'slow-reply' : random.pick(hows);
  return { at, do: 'fail', call, how, ...(how.startsWith('slow') ? { ms: 100 + random.int(900) } : {}) };
}

/** Stable: what stands at one moment keeps its order. */
export const inOrder = (actions: readonly Action[]): readonly Action[] =>
  actions
    .map((action, i) => ({ action, i }))
    .sort((a, b) => a.action.at - b.action.at || a.i - b.i)
    .map(({ action }) => action);

/** A schedule for people: a line an action, runs of plain sends joined. */
export function describeSchedule(schedule: Schedule): readonly string[] {
  const lines = [
    `seed ${schedule.seed}, ${schedule.workers} workers, calls up to ${schedule.logMs} ms (log) and ${schedule.stateMs} ms (state), batches up to ${schedule.batch}${schedule.hasty ? ', hasty groups' : ''}`,
  ];
  for (const { at, do: name, ...rest } of schedule.actions) {
    const text = Object.entries(rest).map(([key, value]) => {
      if (key === 'records') return (value as readonly RecordRef[]).map((r) => `${r.key}#${r.n}`).join(' ');
      return value === true ? key : `${key} ${value}`;
    });
    lines.push(`${String(at).padStart(6)} ms  ${name} ${text.join(', ')}`.trimEnd());
  }
  return lines;
}
