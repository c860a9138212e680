import braked from './braked.ts';
import busy, { busyStateless } from './busy.ts';
import calls from './calls.ts';
import cutOff from './cut-off.ts';
import everything from './everything.ts';
import heedless from './heedless.ts';
import lanes, { lanesOfTwo } from './lanes.ts';
import late from './late.ts';
import merged from './merged.ts';
import merges, { mergesOfTwo } from './merges.ts';
import orderly from './orderly.ts';
import parked from './parked.ts';
import suspected from './suspected.ts';
import type { Target } from './target.ts';
import timers from './timers.ts';

/** What `npm run simulate` runs: seed n takes target n modulo their number. */
export const targets: readonly Target[] = [
  everything,
  late,
  calls,
  timers,
  merges,
  parked,
  orderly,
  merged,
  lanes,
  lanesOfTwo,
  mergesOfTwo,
  suspected,
  braked,
  cutOff,
  heedless,
  busy,
  busyStateless,
];
