import type { LaneFence } from '../state/port.ts';
import type { Snapshot } from './actor-cell.ts';
import { Idle } from './idle.ts';
import { IdleStates } from './idle-states.ts';
import type { Lane } from './lane.ts';
import { Mailboxes } from './mailboxes.ts';

/** The patients of one lane name in one partition, over all sources. */
export interface Patients {
  readonly mailboxes: Mailboxes;
  /** Whose state is kept although nothing is queued: small ones as bytes, those with a large one as objects. */
  readonly idleStates: IdleStates;
  readonly idle: Idle<readonly Snapshot[]>;
  /** One for each source. */
  readonly lanes: Lane[];
}

/**
 * All lanes with one partition number: the main lane of each source and the independent lanes of each. Both logs deal
 * partition p of every source to one member, so they have one owner.
 *
 * Invariants: a patient has one mailbox per lane name, over all sources, and so one turn at a time. The lanes are lost
 * together and **fenced together**: one stale epoch among them refuses all. A turn of one source works on the state that
 * a turn of another one left, and a lane's inputs are written by another lane's turn: were one of the two refused and the
 * other one applied, the next owner would apply the refused one on top of itself.
 */
export class CoPartition {
  readonly lanes: Lane[] = [];
  /**
   * All of them are claimed. Before that nothing of a patient starts, whatever asks for it: the last owner could still write
   * one of them, its fence would not name all, and a timer would be noted in the lane of another source.
   */
  complete = false;
  /**
   * Newest redrive requests that were taken, by any of the lanes: a list that was read before they became durable still
   * names them, and would choose another lane of the patient.
   */
  readonly redriven = new Set<string>();
  readonly #patients = new Map<string, Patients>();

  join(lane: Lane): Patients {
    this.lanes.push(lane);
    let patients = this.#patients.get(lane.ref.lane);
    if (!patients) {
      const idleStates = new IdleStates(() => lane.host.maxIdleBytes());
      const mailboxes = new Mailboxes(() => lane.host.maxIdleBytes() / mailboxShare);
      patients = { mailboxes, idleStates, idle: new Idle(lane.options.maxIdle), lanes: [] };
      this.#patients.set(lane.ref.lane, patients);
    }
    patients.lanes.push(lane);
    return patients;
  }

  /**
   * All lanes are claimed. Who was refused meanwhile takes its siblings along only now: which of them had joined by then
   * depends on whose claim was answered first, and each that has a reason of its own keeps it.
   */
  claimed(): void {
    this.complete = true;
    for (const lane of this.lanes.filter(({ refused }) => refused)) lane.refuseSiblings();
  }

  redrove(id: string): void {
    this.redriven.add(id);
    if (this.redriven.size > 10_000) this.redriven.delete(this.redriven.values().next().value as string);
  }

  /** What a group of `lane` needs besides its own epoch. */
  fence(lane: Lane): readonly LaneFence[] {
    if (this.lanes.length === 1) return none;
    return this.lanes.filter((other) => other !== lane).map(({ ref, epoch }) => ({ lane: ref, epoch }));
  }
}

const none: readonly LaneFence[] = [];

/** One mailbox at rest, of some 250 bytes, for so many bytes that idle patients' states may take: a sixteenth beside them. */
const mailboxShare = 4096;
