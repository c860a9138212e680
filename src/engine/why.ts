import type { Brake } from '../state/operations.ts';
import type { Lane } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import { refusalOf } from './overload.ts';
import type { Root } from './root.ts';
import { slackMs, type Waiting, type WaitReason } from './wait.ts';

/** The flow stands still until an operator releases its brake. Not past a bound: a restart would not help. */
export function whyBraked(brake: Brake | undefined, topic: string, partition = -1): readonly Waiting[] {
  if (!brake) return [];
  const message = `the dead-letter brake is on (${brake.reason}): ${brake.deadLetters} dead letters of ${brake.records} records; release it with \`aorta dlq release ${brake.flow}\``;
  return [{ reason: 'brake', topic, partition, code: 'AORTA_ENGINE_017', overdue: false, message }];
}

/** It does not move, and nothing that is known explains it. */
export const isStuck = (lane: Lane): boolean => whyPartition(lane).some(({ overdue }) => overdue) || overdueHeld(lane).length > 0;

/** Why the envelopes of one patient wait, front first. Without `queued`: what is held only. */
export function whyPatient(lane: Lane, key: string, queued = true): readonly Waiting[] {
  const waits: Waiting[] = [];
  const mailbox = lane.mailboxes.get(key);
  if (mailbox && queued) {
    const wait = whyMailbox(lane, mailbox);
    if (wait) waits.push(wait);
  }
  const patient = lane.held.get(key);
  if (patient) {
    const { head } = patient;
    const now = lane.ports.clock.now();
    const parked = head?.due === null;
    waits.push({
      ...lane.partition,
      reason: parked ? 'parked' : 'held',
      ...(head ? { offset: head.offset, attempt: head.attempt } : {}),
      ...(head?.operator ? { operator: head.operator } : {}),
      ...(head?.errorCode ? { code: head.errorCode } : {}),
      ...(head?.due ? { until: head.due } : {}),
      behind: patient.count - 1,
      overdue: false,
      message: parked
        ? `parked at ${head.operator ?? 'its source'} (${head.errorCode ?? head.reason}); ${patient.count - 1} behind; redrive it with \`aorta parked redrive\``
        : `held (${head?.reason ?? 'reading'}), next try in ${seconds((head?.due ?? now) - now)}; ${patient.count - 1} behind`,
    });
  }
  return waits;
}

/** Held patients whose time has come long ago and whom nothing keeps: a lost wake-up. */
export function overdueHeld(lane: Lane): readonly Waiting[] {
  const late = lane.ports.clock.now() - slackMs;
  const waits: Waiting[] = [];
  for (const { key, head, active, count } of lane.held.all()) {
    const mailbox = lane.mailboxes.get(key);
    if (
      !head ||
      active ||
      lane.host.brake.on ||
      head.due === null ||
      head.due > late ||
      head.due === 0 ||
      lane.draining ||
      (mailbox && !mailbox.idle)
    )
      continue;
    // Its target is not asked now: that is a reason, and `whyPartition` names it.
    if (lane.ports.outside?.heldBackMs(head)) continue;
    const message = `held (${head.reason}), due ${seconds(late + slackMs - head.due)} ago and not tried`;
    waits.push({ ...lane.partition, reason: 'unknown', offset: head.offset, behind: count - 1, overdue: true, message });
  }
  return waits;
}

/** Why the partition's committed offset stands where it stands: its lowest open record, and what is wrong around it. */
export function whyPartition(lane: Lane): readonly Waiting[] {
  const waits: Waiting[] = [];
  const at = lane.partition;
  if (lane.refused) {
    waits.push({ ...at, reason: 'refused', code: lane.refused.code, overdue: true, message: lane.refused.message });
  }
  if (lane.held.total > lane.options.maxHeld) {
    const message = `not fed: ${lane.held.total} envelopes are on the held list, the cap is ${lane.options.maxHeld}`;
    waits.push({ ...at, reason: 'held', overdue: false, message });
  }
  waits.push(...whyBraked(lane.host.brake.on, at.topic, at.partition));
  if (lane.backlog > lane.options.maxHeld) {
    const names = [...lane.lanes].filter(([, fed]) => fed.held.total > 0).map(([name, fed]) => `${name} ${fed.held.total}`);
    const message = `not fed: inputs wait in its lanes (${names.join(', ')}), the cap is ${lane.options.maxHeld}`;
    waits.push({ ...at, reason: 'lane', overdue: false, message });
  }
  waits.push(...whyTargets(lane));
  const lowest = lane.tracker.lowestOpen;
  if (!lowest || lane.host.brake.on) return waits;
  const forMs = lane.ports.clock.now() - lowest.at;
  for (const mailbox of lane.mailboxes.values()) {
    const isLowest = (root: Root | undefined) => root?.lane === lane && root.offset === lowest.offset;
    const holds = isLowest(mailbox.running?.root) || mailbox.undurable.some((turn) => isLowest(turn.root)) || isLowest(mailbox.peek());
    if (!holds) continue;
    const wait = whyMailbox(lane, mailbox);
    if (wait)
      return [...waits, { ...wait, offset: lowest.offset, forMs, overdue: wait.overdue || (wait.reason === 'unknown' && forMs > slackMs) }];
  }
  const general = generalReason(lane);
  waits.push({
    ...at,
    reason: general ?? 'unknown',
    offset: lowest.offset,
    forMs,
    overdue: general === undefined && forMs > slackMs,
    message: `offset ${lowest.offset} waits ${general ? `(${general})` : 'without a known reason'} for ${seconds(forMs)}; ${lane.tracker.open} records open`,
  });
  return waits;
}

/** Outside systems that are not asked now: whoever needs them waits. They are tried again by themselves, so none is overdue. */
function whyTargets(lane: Lane): readonly Waiting[] {
  const now = lane.ports.clock.now();
  return (lane.ports.outside?.states() ?? []).flatMap((state) => {
    const waits: Waiting[] = [];
    const make = (reason: WaitReason, untilMs: number, message: string) =>
      waits.push({ ...lane.partition, reason, operator: state.target, until: now + untilMs, overdue: false, message });
    if (state.breaker === 'open')
      make('breaker', state.opensInMs, `breaker of ${state.target} is open, next probe in ${seconds(state.opensInMs)}`);
    if (state.breaker === 'half-open') make('breaker', 0, `breaker of ${state.target} is half-open: one probe is under way or comes next`);
    if (state.throttledMs > 0)
      make('limiter', state.throttledMs, `${state.target} asked to be left alone for ${seconds(state.throttledMs)}`);
    return waits;
  });
}

const waitOf = (code: string | undefined): WaitReason | undefined => refusalOf(code) as WaitReason | undefined;

function whyMailbox(lane: Lane, mailbox: Mailbox): Waiting | undefined {
  const now = lane.ports.clock.now();
  const { running } = mailbox;
  const make = (reason: WaitReason, rest: Partial<Waiting>, text: string): Waiting => ({
    ...lane.partition,
    reason,
    behind: mailbox.length,
    overdue: false,
    ...rest,
    message: `${text}; ${mailbox.length} behind`,
  });
  const until = running?.steps?.batchedUntil;
  if (running && until !== undefined) {
    return make(
      'batch',
      { offset: running.root.offset, operator: running.at, attempt: running.root.attempt, until, overdue: now - until > slackMs },
      `waits in ${running.at} for others, at most ${seconds(until - now)}`,
    );
  }
  if (running) {
    const since = lane.ports.clock.monotonic();
    const { runningSince, deadlineAt } = running.steps ?? {};
    const forMs = runningSince === undefined ? Math.max(0, now - mailbox.since) : since - runningSince;
    // A step ends at its deadline; between steps (bytes are decoded) nothing takes long.
    const overdue = deadlineAt === undefined ? now - mailbox.since > slackMs * 2 : since - deadlineAt > slackMs;
    return make(
      'running',
      { overdue, offset: running.root.offset, operator: running.at, attempt: running.root.attempt, forMs },
      `in ${running.at}, attempt ${running.root.attempt}, for ${seconds(forMs)}`,
    );
  }
  if (mailbox.retryAt !== undefined) {
    const root = mailbox.peek();
    return make(
      waitOf(mailbox.lastError) ?? 'retry',
      {
        overdue: now - mailbox.retryAt > slackMs,
        until: mailbox.retryAt,
        ...(root ? { offset: root.offset, attempt: root.attempt } : {}),
        ...(mailbox.lastError ? { code: mailbox.lastError } : {}),
      },
      `failed with ${mailbox.lastError ?? 'an error'}, next try in ${seconds(mailbox.retryAt - now)}`,
    );
  }
  if (mailbox.loading)
    return make('loading-state', { overdue: now - mailbox.since > slackMs * 2, forMs: now - mailbox.since }, 'its state is being read');
  const undurable = mailbox.undurable[0];
  if (undurable) {
    const known = lane.host.committing || lane.outbox.pending > 0;
    return make(known ? 'commit' : 'unknown', { offset: undurable.root.offset }, 'its turn waits for the group commit');
  }
  if (mailbox.length > 0 && lane.host.brake.on)
    return make('brake', { code: 'AORTA_ENGINE_017' }, 'the dead-letter brake of the flow is on');
  if (mailbox.peek()?.lane.suspects.holdsBack(mailbox))
    return make('suspect', {}, 'was under way when the process ended; waits for others like it, or for its note to be stored');
  if (mailbox.length > 0 && mailbox.readyIn && !lane.host.stalled) return make('queued', {}, 'ready, waits for its turn');
  if (mailbox.length > 0) return make('unknown', {}, 'waits, and nothing is under way that would start it');
  return undefined;
}

function generalReason(lane: Lane): WaitReason | undefined {
  if (lane.draining) return 'draining';
  if (!lane.suspects.open && lane.suspects.waiting > 0) return 'suspect';
  if (lane.outbox.pending > 0) return 'produce';
  if (lane.host.committing) return 'commit';
  if (lane.refused) return 'refused';
  return undefined;
}

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
