import { AortaError, error } from '../errors/index.ts';
import type { Lane } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import { controlOf } from './merging.ts';
import { isRefusal, overloadOf } from './overload.ts';
import type { Root } from './root.ts';
import { failureOf, supervise } from './supervise.ts';
import { isPoison } from './suspect-gate.ts';
import { EngineTurn } from './turn.ts';

/** What happens when a turn fails: supervision decides (supervise.ts), this carries it out. */
export class Failing {
  readonly #lane: Lane;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  failed(turn: EngineTurn, cause: unknown): void {
    const lane = this.#lane;
    const mailbox = turn.mailbox as Mailbox;
    lane.follow(turn);
    if (turn.withdrawn || !lane.owned) return;
    if (!turn.dead) turn.kill(cause instanceof AortaError ? cause : error('AORTA_ENGINE_004', { flow: lane.ref.flow, reason: 'failed' }));
    mailbox.running = undefined;
    lane.merging.stays(turn.root);
    if (mailbox.cells) for (const cell of mailbox.cells) cell.restore();
    // A drain ends turns: their records stay uncommitted and are the next owner's.
    if (lane.draining) return;
    // Nothing was done outside behind it: the items of a batch are not sent again only because a system is down.
    const joined = turn.steps?.joined;
    if (joined && isRefusal(cause)) lane.results.keep(turn.root, joined, lane.host.maxLaneBytes() / 2);
    this.fail(mailbox, turn.root, cause, turn.at);
  }

  /** Supervision decides about a root whose turn failed. The mailbox runs nothing now. */
  fail(mailbox: Mailbox, root: Root, cause: unknown, at: string): void {
    const lane = this.#lane;
    const failure = failureOf(cause);
    lane.metrics.error(at, failure.class);
    mailbox.lastError = failure.code;
    if (isPoison(root)) return lane.holding.hold(mailbox, root, { due: null, reason: 'poison', ...failure, operator: lane.ref.topic });
    const verdict = supervise(cause, root.attempt, lane.program.order, lane.program.supervision, () => lane.ports.random.next());
    if (verdict.kind === 'fenced') return lane.fenced();
    if (verdict.kind === 'retry') {
      const overload = overloadOf(cause, lane, at);
      const delayMs = overload?.delayMs ?? verdict.delayMs;
      if (!overload) root.attempt++;
      if (root.held || delayMs > lane.options.maxWaitMs || overload?.hold) {
        return lane.holding.hold(mailbox, root, {
          due: lane.ports.clock.now() + delayMs,
          reason: overload?.reason ?? 'retry',
          ...failure,
          operator: at,
        });
      }
      lane.suspects.over(root, false);
      this.#retryLater(mailbox, root, delayMs);
      return;
    }
    lane.results.take(root);
    // It stands in front, and everything of the flow waits for the operator.
    if (verdict.kind === 'deadLetter' && lane.host.brake.on) {
      lane.suspects.over(root, false);
      return mailbox.unshift([root]);
    }
    lane.ports.telemetry.log(failure.class === 'Defect' ? 'error' : 'warn', `flow.${verdict.kind}`, {
      flow: lane.ref.flow,
      partition: lane.ref.partition,
      offset: root.offset,
      node: at,
      code: failure.code,
      class: failure.class,
      attempt: root.attempt,
      ...(failure.class === 'Defect' ? { error: cause } : {}),
    });
    if (verdict.kind === 'park') return lane.holding.hold(mailbox, root, { due: null, reason: 'park', ...failure, operator: at });
    // What the log does not take as it is stays on the held list, and so does what is no plain record (a timer, a merge): a
    // dead letter is its bytes, and could not be redriven.
    if (verdict.kind === 'deadLetter' && (root.timer || controlOf(root.headers) || lane.tooLarge(root))) {
      return lane.holding.hold(mailbox, root, { due: null, reason: 'park', ...failure, operator: at });
    }
    const turn = new EngineTurn(lane, root, mailbox);
    if (root.held) turn.held = [{ op: 'remove', key: root.key, seq: root.held.seq }];
    if (root.timer) turn.timers = [{ ...root.timer, due: null }];
    if (verdict.kind === 'skip') {
      lane.metrics.skipped(at, verdict.reason);
      turn.settlement = { kind: 'skipped', reason: verdict.reason };
    } else if (verdict.kind === 'deadLetter') {
      turn.settlement = { kind: 'failed', code: failure.code };
      lane.metrics.deadLetters.inc();
      lane.metrics.totals.deadLetters++;
      lane.host.brake.bad();
      turn.emitBytes(
        `${lane.ref.flow}.dlq`,
        lane.program.sidePartitionOf(root.key),
        root.key,
        root.value,
        lane.holding.headersOf(root, failure, at),
        // Kept 30 days from now, whatever the age of the record.
        lane.ports.clock.now(),
      );
    } else {
      lane.suspects.over(root, false);
      mailbox.unshift([root]);
      return this.standStill(root, cause);
    }
    lane.turns.finish(turn);
  }

  #retryLater(mailbox: Mailbox, root: Root, delayMs: number): void {
    const lane = this.#lane;
    mailbox.unshift([root]);
    mailbox.cancelRetry?.();
    mailbox.retryAt = lane.ports.clock.now() + delayMs;
    mailbox.cancelRetry = lane.ports.clock.after(delayMs, () => {
      mailbox.retryAt = undefined;
      mailbox.cancelRetry = undefined;
      if (lane.owned) lane.host.ready(lane, mailbox);
    });
    for (const { suspects } of lane.siblings) suspects.aside(mailbox.key);
    lane.relieve(mailbox);
  }

  standStill(root: Root, cause: unknown): void {
    const lane = this.#lane;
    const { code } = failureOf(cause);
    lane.refuse(error('AORTA_ENGINE_013', { flow: lane.ref.flow, ...lane.partition, offset: root.offset, problem: code }, { cause }));
  }
}
