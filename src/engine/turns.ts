import { AortaError, error } from '../errors/index.ts';
import { header } from '../log/port.ts';
import type { TimerRow } from '../state/port.ts';
import { inputValue } from './handover.ts';
import type { Lane } from './lane.ts';
import { idOf } from './lane-timers.ts';
import type { Mailbox } from './mailbox.ts';
import { controlOf, isArrival } from './merging.ts';
import { letGo, type Root } from './root.ts';
import { isPoison } from './suspect-gate.ts';
import { EngineTurn } from './turn.ts';

/**
 * Runs the turns of one lane: one at a time per patient, as many patients at once as there are.
 *
 * A turn: started (decode, steps) → ended (its decisions sealed) → handed over (group commit, outbox, or settled at
 * once) → durable → settled. It leaves that way by failing (failing.ts), by being refused by the database (it and what
 * its patient did afterwards start again), or with its lane.
 */
export class Turns {
  readonly #lane: Lane;
  /** Node that the newest turn came to. */
  at = '';

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  /** Starts the patient's next turn if it may start. Called by the run queue. */
  next(mailbox: Mailbox): void {
    const lane = this.#lane;
    const root = mailbox.peek();
    if (root && root.lane !== lane) return root.lane.turns.next(mailbox);
    if (lane.host.brake.on) return mailbox.running ? undefined : lane.suspects.retract(mailbox);
    if (!lane.owned || lane.draining || lane.refused || mailbox.running || mailbox.loading || mailbox.retryAt !== undefined) return;
    if (!root) return this.#rest(mailbox);
    if (lane.part.actors.length > 0 && !mailbox.cells) {
      mailbox.loading = true;
      mailbox.since = lane.ports.clock.now();
      return lane.host.activate(lane, mailbox);
    }
    if (lane.waitsForWrites && mailbox.undurable.length > 0) return;
    if (mailbox.undurable.length >= lane.options.group.maxTurns) return;
    if (!lane.suspects.mayRun(root, mailbox)) return;
    mailbox.shift();
    this.#run(mailbox, root);
  }

  #run(mailbox: Mailbox, root: Root): void {
    const lane = this.#lane;
    const turn = new EngineTurn(lane, root, mailbox);
    const joined = lane.results.take(root);
    if (joined) turn.ownSteps.joined = joined;
    mailbox.running = turn;
    if (root.suspect > 0) lane.suspects.started(turn);
    try {
      const outcome = this.#steps(turn, root);
      this.at = turn.at;
      if (outcome === undefined) this.#ended(turn);
      else {
        mailbox.since = lane.ports.clock.now();
        lane.running++;
        lane.host.running(1);
        lane.relieve(mailbox);
        outcome.then(
          () => {
            lane.running--;
            lane.host.running(-1);
            this.#ended(turn);
          },
          (cause) => {
            lane.running--;
            lane.host.running(-1);
            lane.failing.failed(turn, cause);
          },
        );
      }
    } catch (cause) {
      lane.failing.failed(turn, cause);
    }
  }

  #steps(turn: EngineTurn, root: Root): void | Promise<void> {
    const lane = this.#lane;
    if (root.key === '') throw error('AORTA_ENGINE_010', { topic: lane.ref.topic, partition: lane.ref.partition, offset: root.offset });
    if (isPoison(root) && !(lane.program.merges && isArrival(root))) {
      const attempts = root.suspect - 1;
      throw error('AORTA_ENGINE_007', {
        ...{ topic: lane.ref.topic, partition: lane.ref.partition, offset: root.offset },
        ...{ flow: lane.ref.flow, attempts },
      });
    }
    if (!lane.main && (lane.program.merges || controlOf(root.headers))) {
      if (lane.merging.step(turn, root)) return;
    }
    if (root.timer) {
      if (root.kind === 'timer' && this.#moved(turn, root.timer)) return turn.skip(root.timer.node, 'timer-moved');
      const { node, name, payload } = root.timer;
      const step = lane.program.timer(node);
      if (!step) {
        turn.skip(node, 'timer-without-actor');
        return;
      }
      return step({ name, payload: payload === null ? undefined : JSON.parse(payload.toString()) }, turn);
    }
    if (root.value === null) {
      turn.skip(lane.ref.topic, 'tombstone');
      return;
    }
    if (lane.main) return lane.part.start(inputValue(root.value), turn);
    const into = root.headers[header.lane]?.toString();
    if (into !== undefined) {
      turn.handOverBytes(lane.ref.topic, into, root.value);
      return turn.done();
    }
    const value = lane.program.decode(lane.ref.topic, root.value);
    if (value instanceof Promise) {
      return value.then(
        (decoded) => lane.part.start(decoded, turn),
        (cause) => {
          // The registry is away: wait for it, however long; the record itself may be perfectly good.
          if (cause instanceof AortaError && cause.class === 'Transient') {
            throw new AortaError(cause.code, 'Overload', cause.message, cause.details, { cause });
          }
          throw cause;
        },
      );
    }
    return lane.part.start(value, turn);
  }

  /** An earlier turn of the patient moved or cancelled the timer after it fired; it must not fire for its old time. */
  #moved(turn: EngineTurn, timer: TimerRow): boolean {
    const id = idOf(timer);
    const pending = turn.mailbox?.undurable.some((earlier) => earlier.timers?.some((write) => idOf(write) === id)) ?? false;
    const { timerLane } = this.#lane;
    turn.timerMoved = pending || !timerLane.timers.isCurrent(timer);
    // Should that turn be taken back after all, the timer is due again.
    if (pending) this.#lane.ports.clock.after(1000, () => timerLane.refire(timer));
    return turn.timerMoved;
  }

  #ended(turn: EngineTurn): void {
    const lane = this.#lane;
    if (turn.withdrawn || !lane.owned) return;
    if (turn.dead) return lane.failing.failed(turn, turn.dead);
    if (turn.ack.open > 0) {
      const since = turn.steps?.runningSince;
      const ageMs = since === undefined ? 0 : Math.round(lane.ports.clock.monotonic() - since);
      turn.at = turn.derivedAt ?? turn.at;
      lane.host.watch.forgotten(turn, ageMs);
      return lane.failing.failed(
        turn,
        error('AORTA_ENGINE_002', { flow: lane.ref.flow, pending: turn.ack.open, operator: turn.at, ageMs }),
      );
    }
    try {
      turn.seal();
    } catch (cause) {
      return lane.failing.failed(turn, cause);
    }
    turn.settlement = turn.ack.settlement;
    lane.host.brake.good();
    const { root } = turn;
    if (turn.holdsFor !== undefined) return lane.holding.keepPlace(turn);
    if (root.held) turn.held = [{ op: 'remove', key: root.key, seq: root.held.seq }];
    if (root.timer && turn.ack.settlement.kind === 'skipped' && turn.timerMoved) return this.finish(turn);
    if (root.timer && !turn.timers?.some((t) => t.node === root.timer?.node && t.name === root.timer.name)) {
      turn.timers = [...(turn.timers ?? []), { ...root.timer, due: null }];
    }
    this.finish(turn);
  }

  /** Hands an ended turn over: to the group commit, to the outbox, or (nothing to keep) straight to its settlement. */
  finish(turn: EngineTurn): void {
    const lane = this.#lane;
    const mailbox = turn.mailbox as Mailbox;
    if (mailbox.running === turn) mailbox.running = undefined;
    const journaled = turn.steps?.journaled ?? turn.root.journaled;
    if (journaled && turn.settlement.kind !== 'parked') turn.states = [...(turn.states ?? []), ...journaled];
    if (turn.root.suspect > 0) turn.suspects = [...turn.suspects, ...lane.suspects.over(turn.root, !turn.comesAgain)];
    const emitted = turn.outbox?.length ?? 0;
    if (emitted > 0) {
      lane.metrics.emitted.inc(emitted);
      lane.metrics.totals.emitted += emitted;
    }
    // Behind a turn that is being written, emissions take the same way, or they would overtake its own.
    if (turn.transactional || (emitted > 0 && (lane.program.stateful || mailbox.undurable.length > 0))) {
      mailbox.undurable.push(turn);
      lane.commit(turn);
    } else if (emitted > 0) {
      // Until its records are in the log it may wait for long, as one of many.
      letGo(turn.root);
      lane.outbox.direct(turn);
    } else if (mailbox.undurable.length > 0) {
      mailbox.undurable.push(turn);
      lane.commit(turn);
    } else {
      if (lane.program.stateful) lane.dirty = true;
      lane.settle(turn.root, turn.settlement);
    }
    if (lane.waitsForWrites) lane.relieve(mailbox);
    this.#go(mailbox);
  }

  #go(mailbox: Mailbox): void {
    const lane = this.#lane;
    if (mailbox.length > 0) {
      lane.host.ready(lane, mailbox);
      // Another source's records may come without end: what is held of this one does not wait for the mailbox to be empty.
      if (lane.siblings.length > 1) this.#wakeHeld(mailbox);
    } else this.#rest(mailbox);
  }

  #wakeHeld(mailbox: Mailbox): void {
    for (const lane of this.#lane.siblings) if (lane.held.get(mailbox.key)) lane.holding.next(mailbox.key);
  }

  /** Nothing queued: a held patient's next row, else the mailbox may be forgotten. */
  #rest(mailbox: Mailbox): void {
    const lane = this.#lane;
    if (!mailbox.idle) return;
    this.#wakeHeld(mailbox);
    if (!mailbox.idle) return;
    lane.rest(mailbox);
  }

  durable(turn: EngineTurn): void {
    const lane = this.#lane;
    const { mailbox } = turn;
    if (mailbox) {
      if (mailbox.undurable[0] === turn) mailbox.undurable.shift();
      else mailbox.undurable = mailbox.undurable.filter((other) => other !== turn);
      mailbox.alone = false;
    }
    if (turn.timers) lane.timerLane.timers.applied(turn.timers);
    if (turn.held) lane.holding.durable(turn.held);
    if (turn.suspects.length > 0) lane.suspects.written(turn.suspects);
    if (turn.handed) for (const input of turn.handed) input.lane.holding.arrived(input.row);
    if (mailbox) this.#go(mailbox);
  }

  /** The database refuses this turn: it fails, and what its patient did afterwards is done again. */
  rejected(turn: EngineTurn, cause: unknown): void {
    const lane = this.#lane;
    if (!lane.owned) return;
    const { mailbox } = turn;
    if (!mailbox) return lane.failing.standStill(turn.root, cause);
    for (const { suspects } of lane.siblings) suspects.retract(mailbox);
    const later = mailbox.undurable.filter((other) => other !== turn);
    for (const other of later) {
      other.withdrawn = true;
      if (other.held) other.lane.holding.withdrawn(other.held);
    }
    lane.host.withdraw((item) => item instanceof EngineTurn && item.withdrawn);
    const again = later.map((other) => other.root);
    if (mailbox.running) {
      mailbox.running.withdrawn = true;
      mailbox.running.kill(error('AORTA_ENGINE_004', { flow: lane.ref.flow, reason: 'an earlier turn of the patient was refused' }));
      again.push(mailbox.running.root);
      mailbox.running = undefined;
    }
    mailbox.undurable = [];
    mailbox.cells = undefined;
    mailbox.alone = true;
    for (const root of again) if (root.held) root.lane.holding.again(root.held);
    lane.merging.stays(turn.root);
    if (turn.held) lane.holding.withdrawn(turn.held);
    const fresh = again.filter((root) => !root.held);
    if (turn.settlement.kind === 'parked' || turn.settlement.kind === 'failed') {
      // Even keeping it aside was refused: nothing is left but to stand still, loudly.
      mailbox.unshift([turn.root, ...fresh]);
      return lane.failing.standStill(turn.root, cause);
    }
    // Rows that were durable before stay where they are: what was on its way behind them goes there again.
    const [behind, free] = split(fresh, (root) => root.lane.holding.queuesBehind(root));
    mailbox.unshift(free);
    for (const root of behind) root.lane.holding.behind(root);
    lane.failing.fail(mailbox, turn.root, cause, turn.at);
    this.#go(mailbox);
  }
}

function split<T>(items: readonly T[], where: (item: T) => boolean): [T[], T[]] {
  const { yes = [], no = [] } = Object.groupBy(items, (item) => (where(item) ? 'yes' : 'no'));
  return [yes, no];
}
