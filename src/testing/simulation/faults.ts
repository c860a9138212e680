import type { LaneGroup } from '../../state/port.ts';
import { seededRandom } from '../virtual-clock.ts';
import type { Action, CallName, PortName, Schedule } from './schedule.ts';
import type { CallPlan } from './worker.ts';

type Fail = Extract<Action, { do: 'fail' }>;
type KillAt = Extract<Action, { do: 'kill-at' }>;

/** What is wrong with the services at a moment: armed faults, outages, slowness, refused turns. */
export class Faults {
  readonly #schedule: Schedule;
  readonly #delays: ReturnType<typeof seededRandom>;
  readonly #now: () => number;
  #fails: Fail[] = [];
  #kills: KillAt[] = [];
  readonly #outage = new Map<PortName, number>();
  readonly #slow = new Map<PortName, { until: number; ms: number }>();
  readonly refused = new Set<string>();
  healed = false;

  constructor(schedule: Schedule, now: () => number) {
    this.#schedule = schedule;
    this.#delays = seededRandom(schedule.seed ^ 0x5bd1e995);
    this.#now = now;
  }

  arm(action: Fail | KillAt): void {
    if (action.do === 'fail') this.#fails.push(action);
    else this.#kills.push(action);
  }

  outage(port: PortName, until: number): void {
    this.#outage.set(port, until);
  }

  slow(port: PortName, until: number, ms: number): void {
    this.#slow.set(port, { until, ms });
  }

  /** Armed and not met by a call yet. */
  get pending(): number {
    return this.#fails.length + this.#kills.length;
  }

  heal(): void {
    this.healed = true;
    this.#fails = [];
    this.#kills = [];
    this.#outage.clear();
    this.#slow.clear();
    this.refused.clear();
  }

  /** A refusal for good hits a turn by the events that its group has effects of. */
  #refuses(call: CallName, args: readonly unknown[]): boolean {
    if (this.refused.size === 0 || call !== 'transact') return false;
    return (args[0] as readonly LaneGroup[]).some((group) => group.effects.some(({ source }) => this.refused.has(source.eventId)));
  }

  plan(port: PortName, call: CallName, args: readonly unknown[]): CallPlan {
    const now = this.#now();
    const most = port === 'log' ? this.#schedule.logMs : this.#schedule.stateMs;
    const slow = this.#slow.get(port);
    const more = slow && slow.until > now ? slow.ms : 0;
    const plan = { beforeMs: this.#delays.int(most) + more, afterMs: this.#delays.int(most) };
    if ((this.#outage.get(port) ?? 0) > now) return { ...plan, outcome: 'refused' };
    const kill = this.#kills.findIndex((k) => k.call === call);
    if (kill >= 0) {
      const [{ side }] = this.#kills.splice(kill, 1) as [KillAt];
      return { ...plan, outcome: 'done', kill: side };
    }
    if (this.#refuses(call, args)) return { ...plan, outcome: 'refused', permanent: true };
    const fail = this.#fails.findIndex((f) => f.call === call);
    if (fail < 0) return { ...plan, outcome: 'done' };
    const [{ how, ms }] = this.#fails.splice(fail, 1) as [Fail];
    if (how === 'slow') return { ...plan, beforeMs: plan.beforeMs + (ms ?? 500), outcome: 'done' };
    if (how === 'slow-reply') return { ...plan, afterMs: plan.afterMs + (ms ?? 500), outcome: 'done' };
    return { ...plan, outcome: how };
  }
}
