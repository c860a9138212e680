import type { Clock, Random } from '../../clock/clock.ts';
import { sleep } from '../../clock/system.ts';
import { error } from '../../errors/index.ts';
import { laneMoved, StatementError } from '../../postgres/errors.ts';
import type { PostgresPool } from '../../postgres/pool.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { GroupOutcome, LaneFence, LaneGroup } from '../port.ts';
import { type LanePosition, lanePositions } from './reads.ts';
import { groupStatements } from './writes/groups.ts';

/**
 * One transaction, sent as one pipeline: fence, rows, COMMIT. The fence raises if any lane is not where its group
 * expects it; the lane rows then tell for each group whether it is fenced, was applied before, or goes on without the
 * others. The same reading settles a COMMIT whose reply was lost: the pipeline is sent again and finds its lanes at
 * the group already (the row lock makes it wait for a first one that is still running).
 */
export interface TransactOptions {
  readonly pool: PostgresPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Milliseconds for everything, repeats included. */
  readonly deadlineMs: number;
}

/** Below this many milliseconds another try cannot end in time. */
const least = 250;

export function transactor({ pool, clock, random, telemetry, deadlineMs }: TransactOptions) {
  const fenced = telemetry.counter('aorta_state_fenced_total', 'Groups refused because another worker owns the lane.');
  const repeated = (reason: string) => telemetry.counter('aorta_state_repeats_total', 'Transactions sent again.', { reason });
  const repeats = { lost: repeated('lost'), conflict: repeated('conflict'), busy: repeated('busy'), moved: repeated('moved') };

  return async (groups: readonly LaneGroup[]): Promise<readonly GroupOutcome[]> => {
    const outcomes = new Map<LaneGroup, GroupOutcome>();
    const started = clock.monotonic();
    const left = () => deadlineMs - (clock.monotonic() - started);
    let open = groups;
    for (let attempt = 0; open.length > 0; attempt++) {
      try {
        await pool.pipeline(groupStatements(open), { deadlineMs: left() });
        for (const group of open) outcomes.set(group, 'applied');
        break;
      } catch (thrown) {
        const failed = await moved(thrown, async () => {
          const named = open.flatMap((group) => group.fence ?? []);
          const found = await lanePositions(
            pool,
            [...open, ...named].map(({ lane }) => lane),
            left(),
          );
          const stale = new Set(named.filter(({ epoch }, i) => found[open.length + i]?.epoch !== epoch));
          open = settle(open, found, stale, outcomes);
        });
        if (!(failed instanceof StatementError)) throw failed;
        if (failed.failure === 'refused' && failed.sqlState !== laneMoved) throw failed.toError();
        const pause = attempt === 0 ? 0 : Math.min(400, 10 * 2 ** attempt) * (0.5 + random.next() / 2);
        if (left() < pause + least) throw failed.toError();
        repeats[failed.failure === 'refused' ? 'moved' : failed.failure].inc();
        if (pause > 0) await sleep(clock, pause);
      }
    }
    for (const group of groups) if (outcomes.get(group) === 'fenced') fenced.inc();
    return groups.map((group) => outcomes.get(group) as GroupOutcome);
  };
}

/** Looks the lanes up if that is what failed; a failure of the look-up takes its place. */
async function moved(thrown: unknown, lookUp: () => Promise<void>): Promise<unknown> {
  if (!(thrown instanceof StatementError && thrown.sqlState === laneMoved)) return thrown;
  try {
    await lookUp();
    return thrown;
  } catch (problem) {
    return problem;
  }
}

/** Decides what the lanes' positions decide; the groups that remain are where their lanes expect them. */
function settle(
  groups: readonly LaneGroup[],
  found: readonly LanePosition[],
  stale: ReadonlySet<LaneFence>,
  outcomes: Map<LaneGroup, GroupOutcome>,
): LaneGroup[] {
  const last = new Map<string, number>();
  return groups.filter((group, i) => {
    const { epoch, group: stored } = found[i] as LanePosition;
    if (epoch !== group.epoch || stored === null || group.fence?.some((other) => stale.has(other))) {
      outcomes.set(group, 'fenced');
      return false;
    }
    const { flow, lane, topic, partition } = group.lane;
    const id = JSON.stringify([flow, lane, topic, partition]);
    const reached = last.get(id) ?? stored;
    if (group.group <= reached) {
      outcomes.set(group, 'applied');
      return false;
    }
    if (group.group > reached + 1)
      throw error('AORTA_STATE_005', { group: group.group, lane: `${flow}/${lane}/${topic}/${partition}`, last: reached });
    last.set(id, group.group);
    return true;
  });
}
