import { setTimeout as sleep } from 'node:timers/promises';
import { type Expected, type Fleet, type FleetOptions, fleet } from '../list/fleet.ts';
import type { Chance } from '../support/chance.ts';

export type Figures = Readonly<Record<string, number | string>>;

/** One row of the fault table. It fails by throwing. */
export interface Row {
  readonly id: string;
  readonly promise: string;
  /** The fault and the load, for the report. */
  readonly fault: string;
  /** What must hold besides lost, duplicate, reordered and torn = 0, which every row asks. */
  readonly pass: string;
  run(kit: Kit): Promise<Figures>;
}

/** Thrown by a row that cannot be run on this machine. */
export class NotRun extends Error {}

/** A row that is not run, and why. */
export interface Pending {
  readonly id: string;
  readonly promise: string;
  readonly reason: string;
}

export interface Kit {
  readonly random: Chance;
  /** Share of the full durations and counts. */
  readonly scale: number;
  /** Entries a second. */
  readonly rate: number;
  readonly patients: number;
  /** Waits `full` seconds times the scale, at least `least`. */
  seconds(full: number, least?: number): Promise<void>;
  /** `full` times the scale, rounded, at least `least`. */
  times(full: number, least?: number): number;
  note(text: string): void;
  /** A fleet that is closed when the row ends. */
  fleet(options: Partial<FleetOptions> & { readonly workers: number }, expected?: Expected): Promise<Fleet>;
  /** Something else to be closed then, before what was opened earlier. */
  after<T extends { remove(): Promise<void> } | { close(): Promise<void> }>(thing: T): T;
}

export interface KitOptions {
  readonly random: Chance;
  readonly scale: number;
  readonly rate: number;
  readonly patients: number;
  readonly note: (text: string) => void;
  /** Rejects when the run is to end early. */
  readonly interrupted?: Promise<never>;
}

/** Runs one row, and closes whatever it opened. */
export async function runRow(row: Row, options: KitOptions): Promise<Figures> {
  const closers: (() => Promise<unknown>)[] = [];
  const { random, scale, rate, patients } = options;
  const kit: Kit = {
    ...options,
    seconds: (full, least = 0) => sleep(Math.max(full * scale, least) * 1000),
    times: (full, least = 1) => Math.max(least, Math.round(full * scale)),
    async fleet(more, expected) {
      const made = await fleet({ ...more, load: { random, rate, patients, ...more.load } }, expected);
      closers.push(() => made.close());
      return made;
    },
    after(thing) {
      closers.push(() => ('remove' in thing ? thing.remove() : thing.close()));
      return thing;
    },
  };
  try {
    const running = row.run(kit);
    // After an interruption its fleet is closed under it.
    running.catch(() => {});
    return await (options.interrupted ? Promise.race([running, options.interrupted]) : running);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}
