import { after, before, describe } from 'node:test';
import type { State } from '../../src/state/port.ts';
import { concurrencyTests } from './conformance/concurrency.ts';
import { effectTests } from './conformance/effects.ts';
import { fenceTests } from './conformance/fence.ts';
import { heldTests } from './conformance/held.ts';
import { laneTests } from './conformance/lanes.ts';
import { operationTests } from './conformance/operations.ts';
import { processedTests } from './conformance/processed.ts';
import { queryTests } from './conformance/query.ts';
import { rowTests } from './conformance/rows.ts';
import { suspectTests } from './conformance/suspects.ts';
import { tableTests } from './conformance/tables.ts';

/** One store, fresh and empty; the suite opens it several times, as several workers would. */
export interface StateStore {
  /** Another State on the same store. The suite calls `migrate` and `close` itself. */
  open(): Promise<State>;
  /** Removes the store; every State is closed by then. */
  remove(): Promise<void>;
}

/** What each part of the suite gets: two workers on the same store. */
export interface Workers {
  readonly one: State;
  readonly two: State;
  open(): Promise<State>;
}

/** Port **State**: the one suite that every adapter passes. Call it at the top of a test file. */
export function stateConformance(name: string, create: () => Promise<StateStore>): void {
  describe(`State on ${name}`, () => {
    let store: StateStore;
    const opened: State[] = [];
    const open = async (): Promise<State> => {
      const state = await store.open();
      opened.push(state);
      return state;
    };
    const workers: { one: State; two: State; open: () => Promise<State> } = { one: undefined as never, two: undefined as never, open };
    before(async () => {
      store = await create();
      workers.one = await open();
      workers.two = await open();
      await Promise.all([workers.one.migrate(), workers.two.migrate()]);
      await workers.one.migrate();
    });
    after(async () => {
      for (const state of opened) await state.close();
      await store.remove();
    });
    laneTests(workers);
    fenceTests(workers);
    rowTests(workers);
    suspectTests(workers);
    heldTests(workers);
    effectTests(workers);
    tableTests(workers);
    queryTests(workers);
    operationTests(workers);
    processedTests(workers);
    concurrencyTests(workers);
  });
}
