import { ok, strictEqual } from 'node:assert/strict';
import type { OutsideOptions } from '../list/outside.ts';
import { repeats } from '../list/repeats.ts';
import { fakeClock } from '../support/faketime.ts';
import { Partner } from '../support/partner.ts';
import { eventually } from '../support/product.ts';
import { NotRun, type Row } from './row.ts';

/** Seconds. */
const step = 600;
const timers = 20;
const dueMs = 10_000;

export const r23: Row = {
  id: 'R23',
  promise: 'clock skew',
  fault:
    'the wall clock of one of 2 workers (libfaketime) goes to +10 min, to -10 min, then 2 s to and fro each second; it is killed at -10 min and starts anew at +10 min; duplicates, retries (5 s), timers (10 s), a partner that is down for 5 s',
  pass: 'no timer and no retry early, timers at most 6 s late; breakers close within 15 s; nothing waits for the clock at the end',
  async run(kit) {
    const clock = fakeClock();
    if (clock === undefined) throw new NotRun('no libfaketime');
    kit.after(clock);
    const partner = kit.after(await Partner.start());
    let down = false;
    partner.answer = () => ({ status: down ? 503 : 200 });
    const asks: OutsideOptions = { dedupe: true, url: partner.url, quota: 150, target: { deadlineMs: 2_000 } };
    // Every tenth patient's second entry fails once.
    const act = (patient: string, seq: number) => (seq === 2 && patient.endsWith('0') ? 'transient 1' : '');
    const load = { random: kit.random, rate: Math.min(kit.rate, 60), patients: Math.min(kit.patients, 600), act };
    const fleet = await kit.fleet({ workers: 1, load, env: { FAULT_OUTSIDE: JSON.stringify(asks) } });
    await fleet.start(1, { env: clock.env });
    await fleet.balanced();
    const again = repeats(fleet.load, kit.random);
    fleet.load.start();
    await kit.seconds(6, 4);

    /** Timers of patients of both workers, and a step of the clock while they wait. Milliseconds by which the last one is late. */
    const ring = async (round: string, offset: number) => {
      const names = Array.from({ length: timers }, (_, n) => `${round}${n}`);
      const fired = () => {
        const handled = fleet.handled();
        return names.filter((name) => handled.has(`timer ${name}-1`)).length;
      };
      await fleet.load.stop();
      const first = performance.now();
      for (const name of names) await fleet.load.offer(name, [`timer ${dueMs}`]);
      const last = performance.now();
      fleet.load.start();
      await eventually('the timers to be set', async () => names.every((name) => fleet.handled().has(`${name}-1`)), 60_000, 100);
      const set = performance.now();
      clock.set(offset);
      while (performance.now() - first < dueMs - 100) {
        strictEqual(fired(), 0, 'no timer comes early');
        await kit.seconds(0, 0.1);
      }
      await eventually(`${timers} timers`, () => fired() === timers, 30_000, 50);
      // On a machine that took longer than that to set them they are due at once.
      return Math.round(performance.now() - Math.max(last + dueMs, set));
    };
    const aheadLateMs = await ring('a', step);
    const behindLateMs = await ring('b', -step);
    down = true;
    await kit.seconds(5, 5);
    down = false;
    const state = () => fleet.metric('aorta_target_breaker_state', { target: 'near' });
    await eventually('the breakers to close', async () => (await state()) === 0, 15_000, 100);
    const killed = fleet.workers[1];
    killed?.kill('SIGKILL');
    await killed?.exited;
    clock.set(step);
    await fleet.start(1, { env: clock.env });
    await fleet.balanced();
    for (let n = kit.times(8, 4); n > 0; n--) {
      clock.set(n % 2 === 0 ? 2 : -2);
      await kit.seconds(0, 1);
    }
    await fleet.load.stop();
    const drainedMs = await fleet.drained(120_000);
    const verdict = await fleet.verify();
    const late = Math.max(aheadLateMs, behindLateMs);
    ok(late < 6_000, `timers ${late} ms late`);
    const retried = await fleet.ask<{ soonest: number; n: string }>(
      `select min(applied_at - intended_at) as soonest, count(*) as n from fault_list where seq = 2 and right(patient, 1) = '0' and patient like 'p%'`,
    );
    const soonest = Math.round(retried[0]?.soonest ?? 0);
    ok(soonest >= 4_900, `a retry came after ${soonest} ms`);
    strictEqual(partner.faults().join(), '');
    return {
      timersLateMs: `${aheadLateMs} ${behindLateMs}`,
      retried: Number(retried[0]?.n),
      soonestRetryMs: soonest,
      cameAgain: again.count,
      drainedMs,
      ...verdict,
    };
  },
};
