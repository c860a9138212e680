import type { StateWrite } from './port.ts';

/** The last write of each row. By store, then key: no id is made for a row. */
export class LastStates {
  readonly #stores = new Map<string, Map<string, StateWrite>>();

  add(write: StateWrite): void {
    const rows = this.#stores.get(write.store);
    if (rows) rows.set(write.key, write);
    else this.#stores.set(write.store, new Map([[write.key, write]]));
  }

  all(): StateWrite[] {
    const all: StateWrite[] = [];
    for (const rows of this.#stores.values()) for (const write of rows.values()) all.push(write);
    return all;
  }

  /** By store and key: every transaction locks the rows in this order. */
  sorted(): StateWrite[] {
    const all: StateWrite[] = [];
    for (const store of [...this.#stores.keys()].sort()) {
      const rows = this.#stores.get(store) as Map<string, StateWrite>;
      for (const key of [...rows.keys()].sort()) all.push(rows.get(key) as StateWrite);
    }
    return all;
  }
}
