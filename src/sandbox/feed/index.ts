import type { Canonical } from '../../canonical/index.ts';
import type { Clock } from '../../clock/clock.ts';
import { systemClock } from '../../clock/system.ts';
import { createMllpClient } from '../mllp-client.ts';
import { chanceOf } from './chance.ts';
import { Hospital, type HospitalEvent } from './hospital.ts';
import { Line, type LineCounts } from './line.ts';
import { inpatientsIn } from './resume.ts';
import { type SenderStyle, senders } from './sender.ts';
import { defaultWards, type WardPlan } from './wards.ts';

/**
 * A synthetic hospital that really sends HL7 v2 over MLLP: several systems with delimiters, versions and charsets of
 * their own, each waiting for its answers; some messages come late, some twice, some events are cancelled. Everybody in
 * it is made up (record numbers SYN…).
 *
 * It begins with a burst, so that the beds fill within seconds, and then keeps about 70 % of them full. When the other
 * side is slow or down, nothing new happens until the lines are short again.
 */
export interface FeedOptions {
  readonly host: string;
  readonly port: number;
  /** Events a second once the hospital is full. @default 2 */
  readonly ratePerSecond?: number;
  /** Events a second until then. @default 40 */
  readonly burstPerSecond?: number;
  /** @default 1 */
  readonly seed?: number;
  readonly wards?: readonly WardPlan[];
  readonly clock?: Clock;
  /** Where to look who is in already: a restart on the same data goes on with them. */
  readonly canonical?: Pick<Canonical, 'wards' | 'readResource'>;
}

export interface FeedCounts extends Readonly<LineCounts> {
  readonly waiting: number;
  readonly inpatients: number;
  readonly beds: number;
}

export interface Feed {
  counts(): FeedCounts;
  /** Sends no more and closes the lines. */
  stop(): Promise<void>;
}

/** Messages that may wait on the lines before the hospital pauses. */
const longestQueue = 100;

export async function startFeed(options: FeedOptions): Promise<Feed> {
  const { host, port, ratePerSecond = 2, burstPerSecond = 40, seed = 1, wards = defaultWards, clock = systemClock } = options;
  const now = clock.now();
  const inpatients = options.canonical ? await inpatientsIn(options.canonical, seed, wards) : [];
  const hospital = new Hospital({ seed, wards, run: now.toString(36).toUpperCase(), inpatients });
  const chance = chanceOf(seed + now);
  const counts: LineCounts = { sent: 0, acknowledged: 0, again: 0, refused: 0 };
  const lines = new Map(senders.map((sender) => [sender, new Line(createMllpClient({ host, port, clock }), clock, counts)]));
  const held: { event: HospitalEvent; after: number }[] = [];
  const waiting = () => [...lines.values()].reduce((sum, line) => sum + line.waiting, 0);

  const send = (event: HospitalEvent): void => {
    const line = lines.get(event.sender);
    line?.push(event.message);
    if (event.twice) line?.push(event.message);
  };
  /** Late ones go out when enough others of their system have gone before. */
  const post = (event: HospitalEvent): void => {
    if (event.late > 0) held.push({ event, after: event.late });
    else {
      send(event);
      passed(event.sender);
    }
  };
  const passed = (sender: SenderStyle): void => {
    for (const each of held) if (each.event.sender === sender) each.after--;
    for (let i = held.length - 1; i >= 0; i--) if ((held[i]?.after ?? 1) <= 0) send((held.splice(i, 1)[0] as (typeof held)[number]).event);
  };

  const burst = hospital.fill(now);
  let stopped = false;
  let cancel = () => {};
  const tick = (): void => {
    if (stopped) return;
    if (waiting() < longestQueue) {
      const event = burst.shift() ?? hospital.step(clock.now());
      if (event) post(event);
    }
    const perSecond = burst.length > 0 ? burstPerSecond : ratePerSecond;
    cancel = clock.after((1000 / perSecond) * (burst.length > 0 ? 1 : 0.5 + chance.next()), tick);
  };
  tick();

  return {
    counts: () => ({ ...counts, waiting: waiting(), inpatients: hospital.census().length, beds: hospital.beds }),
    async stop() {
      stopped = true;
      cancel();
      await Promise.all([...lines.values()].map((line) => line.stop()));
    },
  };
}
