import type { Actor } from '../flow/actor.ts';
import { ActorCell, type Snapshot } from './actor-cell.ts';
import type { Lane } from './lane.ts';
import type { Mailbox } from './mailbox.ts';
import type { EnginePorts } from './options.ts';
import type { Program } from './program.ts';

type Persist = <T>(wanted: () => boolean, work: () => Promise<T>) => Promise<T>;

/** Loads the state of patients who become active: all that ask within one round of the event loop go together. */
export class Activation {
  readonly #program: Program;
  readonly #ports: EnginePorts;
  /** Until the store answers, or nobody wants it any more. */
  readonly #persist: Persist;
  readonly #ready: (lane: Lane, mailbox: Mailbox) => void;
  readonly #waiting: { lane: Lane; mailbox: Mailbox }[] = [];
  #scheduled = false;

  constructor(program: Program, ports: EnginePorts, persist: Persist, ready: (lane: Lane, mailbox: Mailbox) => void) {
    this.#program = program;
    this.#ports = ports;
    this.#persist = persist;
    this.#ready = ready;
  }

  activate(lane: Lane, mailbox: Mailbox): void {
    this.#waiting.push({ lane, mailbox });
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.clock.soon(() => {
      this.#scheduled = false;
      void this.#load(this.#waiting.splice(0));
    });
  }

  /** Reads the state of many patients in one query a store; each lane has its own stores. */
  async #load(batch: readonly { lane: Lane; mailbox: Mailbox }[]): Promise<unknown> {
    const [first] = batch;
    const other = batch.filter(({ lane }) => lane.part !== first?.lane.part);
    if (first && other.length > 0)
      return Promise.all([this.#load(batch.filter(({ lane }) => lane.part === first.lane.part)), this.#load(other)]);
    const keys = batch.map(({ mailbox }) => mailbox.key);
    const { flow } = this.#program;
    const cells = first?.lane.part.cells ?? [];
    try {
      const loaded = await this.#persist(
        () => batch.some(({ lane }) => lane.owned),
        () => Promise.all(cells.map(({ id }) => this.#ports.state.states(flow, id, keys))),
      );
      batch.forEach(({ mailbox }, i) => {
        mailbox.cells = cells.map(({ id, actor }, store) => new ActorCell(actor, id, mailbox.key, snapshotOf(actor, loaded[store]?.[i])));
      });
    } catch (cause) {
      // One of them cannot be read: only that one fails.
      if (batch.length > 1) return Promise.all([this.#load(batch.slice(0, batch.length >> 1)), this.#load(batch.slice(batch.length >> 1))]);
      for (const { lane, mailbox } of batch) {
        mailbox.loading = false;
        const root = mailbox.shift();
        if (root && lane.owned) root.lane.failing.fail(mailbox, root, cause, 'state');
      }
      return undefined;
    }
    for (const { lane, mailbox } of batch) {
      mailbox.loading = false;
      if (lane.owned) this.#ready(lane, mailbox);
    }
    return undefined;
  }
}

const snapshotOf = (
  { version }: Actor<unknown, unknown, unknown>,
  stored: { value: Buffer; version: number } | null | undefined,
): Snapshot => (stored ? { text: stored.value.toString(), version: stored.version } : { text: null, version });
