import { error } from '../errors/index.ts';

/** How an envelope ended, best to worst. A root takes the worst of its children. */
export type Settlement =
  | { readonly kind: 'done' }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'parked' }
  | { readonly kind: 'failed'; readonly code: string };

const rank = { done: 0, skipped: 0, parked: 1, failed: 2 } as const;
export const settledDone: Settlement = { kind: 'done' };

/**
 * The ack tree of one root, as a counter: `derive` puts N children in the place of one **before** the first of them is
 * settled, `settle` ends one. Children never outlive the turn, so a count is enough; settling more often than derived,
 * or ending with children open, is a defect that is thrown, never repaired.
 */
export class Ack {
  #open = 1;
  #worst: Settlement | undefined;
  #done = false;

  get open(): number {
    return this.#open;
  }

  derive(children: number): void {
    this.#open += children - 1;
  }

  settle(settlement: Settlement, flow: string, operator: string): void {
    if (this.#open <= 0) throw error('AORTA_ENGINE_001', { flow, operator });
    this.#open--;
    if (settlement.kind === 'done') this.#done = true;
    if (!this.#worst || rank[settlement.kind] > rank[this.#worst.kind]) this.#worst = settlement;
  }

  /** The root's settlement: the worst child; among good ones, `done` if any child was done. */
  get settlement(): Settlement {
    if (!this.#worst) return settledDone;
    return rank[this.#worst.kind] === 0 && this.#done ? settledDone : this.#worst;
  }
}
