import type { Lane } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import { refusalOf } from './overload.ts';
import type { Waiting, WaitReason } from './wait.ts';

/** Longer than any bound that the engine sets on a step of its own (statement time-out 5 s, drain 8 s). */
const slackMs = 30_000;

/** Why the envelopes of one patient wait, front first. */
export function whyPatient(lane: Lane, key: string): readonly Waiting[] {
  const waits: Waiting[] = [];
  const mailbox = lane.mailboxes.get(key);
  if (mailbox) {
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
    if (!head || active || head.due === null || head.due > late || head.due === 0 || lane.draining || (mailbox && !mailbox.idle)) continue;
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
  waits.push(...whyTargets(lane));
  const lowest = lane.tracker.lowestOpen;
  if (!lowest) return waits;
  const forMs = lane.ports.clock.now() - lowest.at;
  for (const mailbox of lane.mailboxes.values()) {
    const holds =
      mailbox.running?.root.offset === lowest.offset ||
      mailbox.undurable.some((turn) => turn.root.offset === lowest.offset) ||
      mailbox.peek()?.offset === lowest.offset;
    if (!holds) continue;
    const wait = whyMailbox(lane, mailbox);
    if (wait) return [...waits, { ...wait, offset: lowest.offset, forMs }];
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
  if (running) {
    const forMs = running.runningSince === undefined ? 0 : lane.ports.clock.monotonic() - running.runningSince;
    return make(
      'running',
      { offset: running.root.offset, operator: running.at, attempt: running.root.attempt, forMs },
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
  if (undurable) return make('commit', { offset: undurable.root.offset }, 'its turn waits for the group commit');
  if (mailbox.length > 0) return make('queued', {}, 'ready, waits for its turn');
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
