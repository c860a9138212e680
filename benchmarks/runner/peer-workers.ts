import type { MeasuredPeer, PeerProcess } from './peer-process.ts';
import type { Usage } from './proc.ts';

/** Processes of one peer in one group, measured as one: a peer that has one thread, on a machine with several cores. */
export class PeerWorkers implements MeasuredPeer {
  readonly #workers: readonly PeerProcess[];

  constructor(workers: readonly PeerProcess[]) {
    this.#workers = workers;
  }

  async ready(withinMs?: number): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.ready(withinMs)));
  }

  /** Sums: two workers use the memory of both. */
  usage(): Usage {
    const each = this.#workers.map((worker) => worker.usage());
    return {
      cpuSeconds: each.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      peakRssMb: each.reduce((sum, { peakRssMb }) => sum + peakRssMb, 0),
    };
  }

  get figures(): Readonly<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const { figures } of this.#workers) for (const [name, value] of Object.entries(figures)) sums[name] = (sums[name] ?? 0) + value;
    return sums;
  }

  check(): void {
    for (const worker of this.#workers) worker.check();
  }

  async stop(withinMs?: number): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop(withinMs)));
  }
}
