import type { Labels } from '../telemetry/port.ts';
import type { EdgeOptions } from './options.ts';

const lookMs = 500;
/** The store is asked less often than the counters in memory. */
const countEvery = 4;

/** What a flow has done on this worker, and what waits in it now. */
export interface LiveFlow {
  readonly name: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly partitions: number;
  readonly open: number;
  /** Patients on the held list. */
  readonly held: number;
  readonly refused: number;
  /** Values skipped and turns failed, by node; nodes without any are left out. */
  readonly nodes: Readonly<Record<string, { readonly skipped?: number; readonly errors?: number }>>;
}

export interface LiveView {
  readonly profile: string;
  readonly entrances: Readonly<Record<string, string>>;
  readonly flows: readonly LiveFlow[];
  /** Refused inputs that wait for somebody; null while the store does not say. */
  readonly quarantined: number | null;
}

/**
 * One look at everything for all watchers, at most twice a second and only while somebody watches; they hear of it when
 * it differs from the last. A look and not a subscription: flows may start after the watcher came, and patients become
 * held or free without anything being settled.
 */
export class LiveLook {
  readonly #options: EdgeOptions;
  readonly #watchers = new Set<(view: string) => void>();
  #cancel: (() => void) | undefined;
  #last = '';
  #looks = 0;
  #quarantined: number | null = null;

  constructor(options: EdgeOptions) {
    this.#options = options;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Tells at once how it is now, then every change. The result ends it. */
  watch(tell: (view: string) => void): () => void {
    this.#watchers.add(tell);
    if (this.#watchers.size === 1) {
      this.#last = '';
      this.#looks = 0;
      void this.#look();
    } else if (this.#last !== '') tell(this.#last);
    return () => {
      this.#watchers.delete(tell);
      if (this.#watchers.size === 0) this.#cancel?.();
    };
  }

  async #look(): Promise<void> {
    const { clock, quarantine, telemetry } = this.#options;
    try {
      if (this.#looks++ % countEvery === 0) this.#quarantined = await quarantine.count().catch(() => null);
      const view = JSON.stringify(await this.#view());
      if (view !== this.#last) {
        this.#last = view;
        for (const tell of [...this.#watchers]) tell(view);
      }
    } catch (thrown) {
      telemetry.log('warn', 'edge.look-failed', { error: thrown });
    }
    this.#cancel?.();
    this.#cancel = this.#watchers.size === 0 ? undefined : clock.after(lookMs, () => void this.#look());
  }

  async #view(): Promise<LiveView> {
    const { flows, telemetry, profile, entrances = {} } = this.#options;
    // Nodes of the main lanes, and those of independent lanes.
    const read = async (name: string) =>
      (await Promise.all([telemetry.read(`aorta_flow_${name}`), telemetry.read(`aorta_lane_${name}`)])).flat();
    const [skipped, errors] = await Promise.all([read('skipped_total'), read('errors_total')]);
    return {
      profile,
      entrances,
      quarantined: this.#quarantined,
      flows: flows.map((flow) => {
        const partitions = flow.partitions();
        const nodes: Record<string, { skipped?: number; errors?: number }> = {};
        const add = (kind: 'skipped' | 'errors', samples: readonly { labels: Labels; value: number }[]) => {
          for (const { labels, value } of samples) {
            const node = labels['flow'] === flow.name ? labels['node'] : undefined;
            if (node === undefined) continue;
            nodes[node] = { ...nodes[node], [kind]: (nodes[node]?.[kind] ?? 0) + value };
          }
        };
        add('skipped', skipped);
        add('errors', errors);
        return {
          name: flow.name,
          totals: { ...flow.totals() },
          partitions: partitions.length,
          open: partitions.reduce((sum, each) => sum + each.open, 0),
          held: partitions.reduce((sum, each) => sum + each.held, 0),
          refused: partitions.filter(({ refused }) => refused !== null).length,
          nodes,
        };
      }),
    };
  }
}
