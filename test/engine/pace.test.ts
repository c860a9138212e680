import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../src/clock/clock.ts';
import type { Lane } from '../../src/engine/lane.ts';
import { Mailbox } from '../../src/engine/mailbox.ts';
import { Pace } from '../../src/engine/pace.ts';
import { RunQueue } from '../../src/engine/run-queue.ts';

/** An event loop on which only turns take time: what waits for nothing comes first, then the timers, as they are due. */
function loop() {
  let time = 0;
  const soon: (() => void)[] = [];
  let timers: { readonly at: number; readonly fn: () => void }[] = [];
  const clock: Clock = {
    now: () => time,
    monotonic: () => time,
    after(ms, fn) {
      const timer = { at: time + Math.max(1, ms), fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    soon: (fn) => void soon.push(fn),
  };
  let [from, longest] = [0, 0];
  const run = (until: number) => {
    while (time < until) {
      const next = soon.shift();
      if (next) {
        next();
        longest = Math.max(longest, time - from);
        continue;
      }
      timers.sort((a, b) => a.at - b.at);
      const due = timers.shift();
      if (!due) return;
      time = Math.max(time, due.at);
      from = time;
      due.fn();
    }
  };
  /** A flow whose turns never end; counts the milliseconds that they had. */
  const flow = (pace: Pick<Clock, 'soon'>, turnMs: number) => {
    const had = { ms: 0, longestGapMs: 0 };
    let ended = time;
    const queue: RunQueue = new RunQueue(clock, { maxRunning: 10, sliceMs: 2, pace });
    const mailbox = new Mailbox('p');
    const lane = {
      turns: {
        at: '',
        next: () => {
          had.longestGapMs = Math.max(had.longestGapMs, time - ended);
          time += turnMs;
          had.ms += turnMs;
          ended = time;
          queue.ready(lane, mailbox);
        },
      },
    } as unknown as Lane;
    queue.ready(lane, mailbox);
    return had;
  };
  return { clock, run, flow, longestPiece: () => longest };
}

/** Of what they had, the part of the whole; each slice ends a little late, and timers are whole milliseconds. */
const near = (share: number, wanted: number) =>
  assert.ok(share > wanted * 0.8 && share < wanted * 1.25, `${share} of the time in place of ${wanted}`);

describe('the pace of flows', () => {
  it('lets turns run one behind the other while nobody waits', () => {
    const { clock, run, flow } = loop();
    const had = flow(new Pace(clock, () => 0), 0.25);
    run(1_000);
    assert.ok(had.ms >= 1_000);
  });

  it('gives turns an eighth of the time however long others wait, and all of it when they no longer do', () => {
    const { clock, run, flow } = loop();
    let pressure = 1;
    const had = flow(new Pace(clock, () => pressure), 0.25);
    run(4_000);
    near(had.ms / 4_000, 1 / 8);
    pressure = 0;
    const before = had.ms;
    run(5_000);
    assert.ok(had.ms - before > 980, `${had.ms - before} ms of 1,000`);
  });

  it('gives more the less they wait', () => {
    const { clock, run, flow } = loop();
    const had = flow(new Pace(clock, () => 4 / 7), 0.25);
    run(4_000);
    near(had.ms / 4_000, 1 / 2);
  });

  it('shares what there is among the flows of the worker: none is forgotten', () => {
    const { clock, run, flow } = loop();
    const pace = new Pace(clock, () => 1);
    const [one, two] = [flow(pace, 0.25), flow(pace, 0.25)];
    run(8_000);
    near(one.ms / 8_000, 1 / 16);
    near(two.ms / 8_000, 1 / 16);
  });

  it('gives no more for there being many flows, and others are heard between any two slices', () => {
    const { clock, run, flow, longestPiece } = loop();
    const pace = new Pace(clock, () => 1);
    const flows = Array.from({ length: 30 }, () => flow(pace, 0.25));
    run(8_000);
    near(flows.reduce((sum, { ms }) => sum + ms, 0) / 8_000, 1 / 8);
    for (const { ms } of flows) near(ms / 8_000, 1 / 8 / 30);
    assert.ok(longestPiece() < 5, `${longestPiece()} ms of turns in one piece`);
  });

  it('does not hold a turn that computed long against all that follow', () => {
    const { clock, run, flow } = loop();
    const had = flow(new Pace(clock, () => 1), 1_000);
    run(20_000);
    // 7 s apart by their share alone.
    assert.ok(had.longestGapMs < 100, `${had.longestGapMs} ms apart`);
  });

  it('looks again while it holds turns back: they go on when nobody waits any more', () => {
    const { clock, run, flow } = loop();
    let pressure = 1;
    const had = flow(new Pace(clock, () => pressure), 5);
    run(1_000);
    pressure = 0;
    const before = had.ms;
    run(1_100);
    assert.ok(had.ms - before >= 80, `${had.ms - before} ms of 100`);
  });
});
