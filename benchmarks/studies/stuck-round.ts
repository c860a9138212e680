import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { isSound } from '../load/order-check.ts';
import { rounded } from '../report/statistics.ts';
import type { Round } from '../runner/stage.ts';

export interface StuckResult {
  /** Before the sink got stuck, while it was, and when the backlog was gone after it. */
  readonly beforeMb: number;
  readonly stuckMb: number;
  readonly peakMb: number;
  /** Seconds from the moment that the sink was free again to the last row. */
  readonly drainSeconds: number;
  readonly drained: boolean;
  /** `[seconds since the sink got stuck, peak MB so far]`. */
  readonly memory: readonly (readonly [number, number])[];
  readonly broken: string | null;
}

interface Stuck {
  readonly messages: number;
  /** Seconds that the sink is stuck, and most that the backlog may take afterwards. */
  readonly stuckSeconds: number;
  readonly drainSeconds: number;
  readonly progress: (share: number) => void;
}

/**
 * A peer whose table is locked by somebody else while a backlog waits: what it takes in meanwhile is memory. Then the lock
 * goes, and all of it must come out once.
 */
export async function stuckRound(
  { process, sink, task }: Round,
  { messages, stuckSeconds, drainSeconds, progress }: Stuck,
): Promise<StuckResult> {
  await process.ready();
  const blocker = new pg.Client({ connectionString: task.databaseUrl });
  blocker.on('error', () => undefined);
  await blocker.connect();
  try {
    await made(blocker, () => process.check());
    await blocker.query('begin');
    await blocker.query('lock table bench_effect in access exclusive mode');
    const beforeMb = process.usage().peakRssMb;
    const memory: [number, number][] = [];
    const began = performance.now();
    const until = async (seconds: number, isOver: () => Promise<boolean>): Promise<boolean> => {
      const end = performance.now() + seconds * 1000;
      for (;;) {
        const at = (performance.now() - began) / 1000;
        memory.push([rounded(at, 2), rounded(process.usage().peakRssMb)]);
        progress(at / (stuckSeconds + drainSeconds));
        if (await isOver()) return true;
        if (performance.now() >= end) return false;
        await sleep(500);
      }
    };
    await until(stuckSeconds, async () => false);
    const stuckMb = process.usage().peakRssMb;
    await blocker.query('commit');
    const freed = performance.now();
    const drained = await until(drainSeconds, async () => (await sink.size()) >= messages);
    const seconds = (performance.now() - freed) / 1000;
    const peakMb = process.usage().peakRssMb;
    await process.stop();
    const findings = await sink.verify(drained ? messages : 0);
    return {
      ...{ beforeMb, stuckMb, peakMb, drainSeconds: rounded(seconds, 2), drained, memory },
      broken: isSound(findings) ? null : JSON.stringify(findings),
    };
  } finally {
    await blocker.end();
  }
}

/** The peer makes its table when it starts. */
async function made(client: pg.Client, check: () => void): Promise<void> {
  for (const end = performance.now() + 30_000; performance.now() < end; await sleep(10)) {
    check();
    const { rows } = await client.query<{ made: boolean }>(`select to_regclass('bench_effect') is not null as made`);
    if (rows[0]?.made) return;
  }
  throw new Error('the peer made no table within 30 s');
}
