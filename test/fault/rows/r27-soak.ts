import { ok } from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Product } from '../support/product.ts';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

interface Sample {
  readonly heapUsed: number;
  readonly external: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: number;
  /** Entries applied by then. */
  readonly effects: number;
}

const probe = join(import.meta.dirname, '../plant/heap-probe.ts');
const mean = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / of.length;
const most = 6;

export const r27: Row = {
  id: 'R27',
  promise: 'nothing grows with the number of events',
  fault:
    'one worker at full load over 500 patients for 50 s, looked at 12 times after a garbage collection. This shortens a soak of 2 h: what is kept for each event shows in the slope by event, what only time makes grow (a timer of an hour) does not',
  pass: 'heap after collection grows by less than 100 bytes an event from the third look on (or by less than 4 MB in all); handles, timers and listeners do not grow by more than 6 each',
  async run(kit) {
    const dir = mkdtempSync(join(tmpdir(), 'aorta-probe-'));
    kit.after({ close: async () => rmSync(dir, { recursive: true, force: true }) });
    const file = join(dir, 'samples');
    const fleet = await kit.fleet({
      workers: 1,
      load: { random: kit.random, rate: kit.rate, patients: Math.min(kit.patients, 500) },
      nodeOptions: ['--expose-gc', '--import', probe],
      env: { HEAP_PROBE: file },
    });
    const samples: Sample[] = [];
    const look = async (worker: Product) => {
      const effects = await fleet.effects();
      const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').length : 0);
      const before = lines();
      worker.kill('SIGUSR2');
      await eventually('the probe', () => lines() > before, 30_000, 50);
      samples.push({ ...JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) as string), effects });
    };
    fleet.load.start();
    // Pools, caches and compiled code have come to rest.
    await kit.seconds(10, 5);
    const looks = kit.times(12, 6);
    for (let n = 0; n < looks; n++) {
      await kit.seconds(3.3, 0.5);
      await look(fleet.workers[0] as Product);
      const { heapUsed, effects } = samples.at(-1) as Sample;
      kit.note(`look ${n + 1} of ${looks}: ${(heapUsed / 1e6).toFixed(1)} MB after ${effects} entries`);
    }
    await fleet.load.stop();
    await fleet.drained();
    const settled = samples.slice(2);
    const bytesPerEvent = slope(settled.map(({ effects, heapUsed, external }) => [effects, heapUsed + external]));
    const events = (settled.at(-1) as Sample).effects - (settled[0] as Sample).effects;
    const grown = (of: (sample: Sample) => number) => {
      const third = Math.max(1, Math.floor(settled.length / 3));
      return mean(settled.slice(-third).map(of)) - mean(settled.slice(0, third).map(of));
    };
    const kinds = [...new Set(settled.flatMap(({ resources }) => Object.keys(resources)))];
    const growing = kinds.map((kind) => [kind, grown(({ resources }) => resources[kind] ?? 0)] as const);
    const listeners = grown((sample) => sample.listeners);
    ok(
      bytesPerEvent < 100 || bytesPerEvent * events < 4e6,
      `${bytesPerEvent.toFixed(0)} bytes an event stay: ${settled.map(({ heapUsed }) => (heapUsed / 1e6).toFixed(1)).join(' ')} MB`,
    );
    // Sockets under way and waiting turns make the counts waver.
    for (const [kind, by] of growing) ok(by <= most, `${kind}: ${by.toFixed(1)} more than at the start`);
    ok(listeners <= most, `${listeners} listeners more than at the start`);
    const { heapUsed, resources } = settled.at(-1) as Sample;
    return {
      ...{ looks, events, heapMb: (heapUsed / 1e6).toFixed(1), bytesPerEvent: bytesPerEvent.toFixed(1) },
      handles: Object.entries(resources)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(' '),
      ...(await fleet.verify()),
    };
  },
};

/** Of the straight line through these points, by least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const [mx, my] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const over = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  const under = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return under === 0 ? 0 : over / under;
}
