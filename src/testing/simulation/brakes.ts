import { header } from '../../log/port.ts';
import { dlqOf, waitingDeadLetters } from '../../ops/dead-letters.ts';
import { RedrivePump } from '../../ops/redrive-pump.ts';
import type { Operations, RedriveNote } from '../../state/operations.ts';
import { silentTelemetry } from '../../telemetry/port.ts';
import { guarded } from '../process.ts';
import type { SimulatedWorker } from './worker.ts';
import type { World } from './world.ts';

/** What a worker was told of the brake, or said itself. */
interface Known {
  on: boolean;
  /** It put the brake on and does not know yet that the store has it. */
  unwritten: boolean;
  /** Its dead letters when the brake went on. */
  letters: number | undefined;
}

/**
 * The dead-letter brake of a tolerant flow, as each worker knows it, seen from outside: by what it asks and tells the store.
 * BrakeHolds: a worker that has not asked yet, or knows that the brake is on, starts nothing and makes no dead letter.
 */
export class Brakes {
  readonly #world: World;
  readonly #known = new Map<SimulatedWorker, Known>();
  #redrives = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** `state.operations` as this worker has it. */
  operationsOf(worker: SimulatedWorker): Operations {
    const { operations } = this.#world.state;
    const brake = worker.faulty('state', 'brake', (flow: string) => operations.brake(flow));
    const putBrake = worker.faulty('state', 'putBrake', (row: Parameters<Operations['putBrake']>[0]) => operations.putBrake(row));
    return guarded(operations, worker.clock, {
      brake: async (flow) => {
        const row = await brake(flow);
        this.#told(worker, row !== undefined);
        return row;
      },
      putBrake: async (row) => {
        const known = this.#known.get(worker) ?? { on: false, unwritten: false, letters: undefined };
        if (!known.on) {
          this.#world.history.say(`worker ${worker.id} puts the brake on (${row.reason})`);
          known.letters = lettersOf(worker);
        }
        known.on = known.unwritten = true;
        this.#known.set(worker, known);
        await putBrake(row);
        known.unwritten = false;
      },
    });
  }

  #told(worker: SimulatedWorker, on: boolean): void {
    const known = this.#known.get(worker);
    if (known?.unwritten) return;
    if (known?.on) this.#check(worker, known);
    const next = { on, unwritten: false, letters: known?.on ? known.letters : undefined };
    this.#known.set(worker, next);
    // It acts on the reply a moment later.
    if (on && next.letters === undefined) this.#world.clock.after(0, () => (next.letters ??= lettersOf(worker)));
  }

  began(worker: SimulatedWorker, eventId: string): void {
    const known = this.#known.get(worker);
    if (known && !known.on) return;
    const why = known ? 'knows that the brake is on' : 'has not asked for the brake';
    this.#world.history.violated({ oracle: 'BrakeHolds', message: `worker ${worker.id} ran ${eventId} and ${why}` });
  }

  /** Of all that were not killed. */
  check(): void {
    for (const [worker, known] of this.#known) if (known.on && !worker.killed) this.#check(worker, known);
  }

  #check(worker: SimulatedWorker, { letters }: Known): void {
    const now = lettersOf(worker);
    if (letters === undefined || now === undefined || now === letters) return;
    this.#world.history.violated({
      oracle: 'BrakeHolds',
      message: `worker ${worker.id} made ${now - letters} dead letters while it knew that the brake was on`,
    });
  }

  /** An operator releases it, and (`letters`) redrives what waits. */
  async release(letters: boolean): Promise<void> {
    const { state, log, flow, history, clock } = this.#world;
    if (await state.operations.releaseBrake(flow.name)) history.say('operator: releases the brake');
    if (!letters || !log.topics().includes(dlqOf(flow.name))) return;
    const notes: RedriveNote[] = [];
    for await (const { letter, copy } of waitingDeadLetters(log, state, flow.name)) {
      const note = { id: `letter-${this.#redrives++}`, flow: flow.name, eventId: letter.eventId, actor: 'simulator', at: clock.now() };
      notes.push({ ...note, action: copy ? 'discard' : 'redrive', letter: letter.id });
    }
    if (notes.length === 0) return;
    history.say(`operator: redrives the dead letters of ${notes.map(({ eventId }) => eventId).join(' ')}`);
    await state.operations.noteRedrives(notes);
    await new RedrivePump(log, state, silentTelemetry).send({ name: flow.name, source: flow.source.name });
  }

  /** Events that were dead letters once: the later ones of their patient may have passed them. */
  lettered(): ReadonlySet<string> {
    const { log, flow } = this.#world;
    const ids = new Set<string>();
    for (const records of log.topics().includes(dlqOf(flow.name)) ? log.all(dlqOf(flow.name)) : [])
      for (const { headers } of records) ids.add(String(headers[header.eventId]));
    return ids;
  }
}

const lettersOf = ({ running }: SimulatedWorker): number | undefined => running?.totals()['deadLetters'];
