import type { EffectWrite, HeldWrite, StateWrite, SuspectWrite, TimerWrite } from '../state/port.ts';
import type { Source } from '../state/table.ts';
import type { OpenClaim } from './claims.ts';
import type { Handover } from './handover.ts';

const none: readonly never[] = [];

// Most turns of a stateless flow need neither: as fields of every turn they were half of its size.

/** What a turn writes in a transaction, and what only turns of such flows know; made with the first of it. */
export class TurnWrites {
  states: StateWrite[] | undefined = undefined;
  effects: EffectWrite[] | undefined = undefined;
  timers: TimerWrite[] | undefined = undefined;
  held: HeldWrite[] | undefined = undefined;
  /** Inputs of independent lanes. */
  handed: Handover[] | undefined = undefined;
  suspects: readonly SuspectWrite[] = none;
  /** Where its rows come from: one object for all of them. */
  source: Source | undefined = undefined;
  /** Its timer was moved or cancelled after it fired: there is nothing to do and nothing to delete. */
  timerMoved = false;
  /** Id of the merge for which the patient is to be held at this place. */
  holdsFor: string | undefined = undefined;

  get any(): boolean {
    return Boolean(this.states || this.effects || this.timers || this.held || this.handed || this.suspects.length);
  }
}

/** What a turn has of its asynchronous steps; made with the first of them. */
export class TurnSteps {
  /** Results of batches, by node and child; from the try before, if a guard refused what stands behind them. */
  joined: Map<string, unknown> | undefined = undefined;
  /** Milliseconds since 1970: until when it waits for others of its batch. */
  batchedUntil: number | undefined = undefined;
  /** Called when the turn is ended from outside. */
  onEnd: (() => void) | undefined = undefined;
  onKill: ((reason: unknown) => void) | undefined = undefined;
  /** Set while an asynchronous step runs: since when, and at which node. */
  runningSince: number | undefined = undefined;
  /** Monotonic: when the step that runs is aborted; undefined between steps with a deadline. */
  deadlineAt: number | undefined = undefined;
  /** Ids that it let pass: hashes, for a second child with the same one, and their claims. */
  ids: Set<string> | undefined = undefined;
  claims: OpenClaim[] | undefined = undefined;
  /** As the root's; it may have been given another one meanwhile. */
  journaled: readonly StateWrite[] | undefined = undefined;
  abort: AbortController | undefined = undefined;
  nth: Map<string, number> | undefined = undefined;
  /** The newest function of the flow, until it is known to have ended: one runs at a time, and behind one that failed none. */
  work: PromiseLike<unknown> | undefined = undefined;
}
