import { actor, flow, process, to } from '../../../src/index.ts';
import { type Event, events, out } from '../flows.ts';
import { target } from './target.ts';

/** Timers that emit, are moved by later events and set others: each fires once, at its last time. */
const alarms = actor<{ count: number }, Event, Event>({
  version: 1,
  initial: () => ({ count: 0 }),
  receive: (state, e, ctx) => ({
    state: { count: state.count + 1 },
    emit: [e],
    timers: e.n % 2 === 0 ? [{ name: `once-${e.n}`, at: ctx.now + 200 + e.fails }] : [{ name: 'moved', at: ctx.now + 400 + e.fails }],
  }),
  timer: (state, { name }) => ({
    state: { count: state.count + 1 },
    emit: [{ n: -1, fails: 0, kind: name }],
  }),
});

export default target('timers', () => flow('timers').from(events).pipe(process('alarms', alarms), to(out)), {
  event: (_key: string, n: number, random: { int(n: number): number }): Event => ({ n, fails: random.int(500), kind: 'timer' }),
  events: 60,
  steps: 8,
  patients: 4,
  engine: { timerWindowMs: 400 },
  // Every even event's own timer has counted once.
  *invariant(end) {
    if (end.recreated) return;
    const fired = new Map<string, number>();
    for (const records of end.log.all(out.name)) {
      const seen = new Set<string>();
      for (const { key, headers } of records) {
        const id = String(headers['eventId']);
        if (!id.includes(':once-') || seen.has(`${headers['aorta-seq']}`)) continue;
        seen.add(`${headers['aorta-seq']}`);
        fired.set(`${key} ${id}`, (fired.get(`${key} ${id}`) ?? 0) + 1);
      }
    }
    for (const [id, n] of fired) if (n > 1) yield `timer ${id} fired ${n} times`;
    for (const { key, eventId } of end.sent) {
      const n = Number(eventId.split('#')[1]);
      if (n % 2 === 0 && !fired.has(`${key} ${eventId}:alarms:once-${n}:out:0`)) yield `the timer of ${eventId} did not fire`;
    }
  },
});
