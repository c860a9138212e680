import { error } from '../errors/index.ts';
import type { BatchPlan } from '../flow/joined.ts';
import { ItemFailure, mayBeOneItem, outcomesOf } from '../flow/operators/batch.ts';
import type { Lane } from './lane.ts';
import type { EngineTurn } from './turn.ts';

interface Member {
  readonly turn: EngineTurn;
  readonly value: unknown;
  resolve(result: unknown): void;
  reject(cause: unknown): void;
}

interface Open {
  readonly node: string;
  readonly plan: BatchPlan;
  readonly members: Member[];
  readonly cancel: () => void;
}

/**
 * The batches of one lane: turns that wait at a `batch` node for others. The turn of each member stays open until its own
 * result is there, so a patient has at most one item in a batch, and each settles alone.
 *
 * A batch is called when it is full, when its time is over, and when its lane drains. A member whose turn was ended
 * meanwhile (drain, loss, an earlier turn that was refused) is left out. Nothing of a batch is kept: its members' records
 * are uncommitted until they settle.
 */
export class Batches {
  readonly #lane: Lane;
  readonly #open = new Map<string, Open>();

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  add(turn: EngineTurn, node: string, plan: BatchPlan, value: unknown): Promise<unknown> {
    const { clock } = this.#lane.ports;
    return new Promise((resolve, reject) => {
      const open = this.#open.get(node);
      const member = { turn, value, resolve, reject };
      if (open) open.members.push(member);
      else {
        const cancel = clock.after(plan.within, () => this.#flush(node));
        this.#open.set(node, { node, plan, members: [member], cancel });
      }
      turn.ownSteps.batchedUntil = clock.now() + plan.within;
      const full = (open?.members.length ?? 1) >= plan.max;
      if (full || this.#lane.draining) this.#flush(node);
    });
  }

  /** The lane drains: what waits goes now. */
  flush(): void {
    for (const node of [...this.#open.keys()]) this.#flush(node);
  }

  close(): void {
    for (const { cancel } of this.#open.values()) cancel();
    this.#open.clear();
  }

  #flush(node: string): void {
    const open = this.#open.get(node);
    if (!open) return;
    this.#open.delete(node);
    open.cancel();
    void this.#call(open, open.members);
  }

  /** Settles each member; never rejects. */
  async #call(open: Open, all: readonly Member[]): Promise<void> {
    const members = all.filter(({ turn }) => !turn.dead);
    if (members.length === 0) return;
    this.#lane.metrics.batchItems.observe(members.length);
    let results: readonly unknown[];
    try {
      results = outcomesOf(open.node, members.length, await this.#within(open, members));
    } catch (cause) {
      if (members.length === 1 || !mayBeOneItem(cause)) {
        for (const { reject } of members) reject(cause);
        return;
      }
      const middle = members.length >> 1;
      await this.#call(open, members.slice(0, middle));
      return this.#call(open, members.slice(middle));
    }
    members.forEach(({ resolve, reject }, i) => {
      const result = results[i];
      if (result instanceof ItemFailure) reject(result.cause);
      else resolve(result);
    });
  }

  /** One call within its deadline. Its signal is aborted then, and when no member is left. */
  #within({ node, plan }: Open, members: readonly Member[]): Promise<readonly unknown[]> {
    const { clock } = this.#lane.ports;
    const abort = new AbortController();
    return new Promise((resolve, reject) => {
      const stop = (cause: unknown) => {
        cancel();
        abort.abort(cause);
        reject(cause);
      };
      const cancel = clock.after(plan.deadlineMs, () =>
        stop(error('AORTA_ENGINE_003', { operator: node, flow: this.#lane.ref.flow, deadlineMs: plan.deadlineMs })),
      );
      for (const { turn } of members) {
        turn.ownSteps.onEnd = () => {
          if (members.every((member) => member.turn.dead)) stop(turn.dead);
        };
      }
      const items = members.map(({ turn: { root }, value }) => ({
        value,
        key: root.key,
        eventId: root.eventId,
        now: root.timestamp,
        attempt: root.attempt,
      }));
      // `then`, so that a function that throws before its first await rejects like any other.
      const ended = Promise.resolve().then(() => plan.run(items, abort.signal));
      for (const { turn } of members) turn.called(ended);
      ended.then(resolve, reject).finally(cancel);
    });
  }
}
