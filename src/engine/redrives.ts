import type { Clock } from '../clock/clock.ts';
import { mainLane } from '../flow/nodes.ts';
import type { HeldPlace, RedriveRequest, State } from '../state/port.ts';
import { headOf } from '../state/redrive-head.ts';
import type { Lane } from './lane.ts';
import type { Program } from './program.ts';

/** Milliseconds between two looks of a worker that holds nobody. */
const idleMs = 30_000;

/**
 * Hands operators' requests to the lanes of this worker that carry them out.
 *
 * **One place for each request.** A patient may be held in several lanes and sources, and, under a foreign producer's choice
 * of partition or without a key, on several workers. Which of its places a request is about is decided by what the store has,
 * by all workers alike; the owner of that place carries it out, and nobody else says that it is done. While nobody owns it,
 * the request waits. Only where the store has none at all there is nothing to redrive, and the owner of the key's partition
 * says so.
 *
 * The places are read before the list that counts: a request that is still on it was not carried out when they were read, so
 * that a worker does not choose among what another one has left. (Parked places, that is: of one that goes on by itself
 * meanwhile two workers may see different things.)
 */
export class Redrives {
  readonly #program: Program;
  readonly #state: State;
  readonly #clock: Clock;
  readonly #lanes: () => readonly Lane[];
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(program: Program, state: State, clock: Clock, lanes: () => readonly Lane[]) {
    this.#program = program;
    this.#state = state;
    this.#clock = clock;
    this.#lanes = lanes;
  }

  /** Looks for requests: each time while a patient is held here, else now and then. */
  async look(): Promise<void> {
    // Only lanes that were claimed before the lists are read, with all of their co-partition: an older list may name what the
    // last owner has carried out, and without the others nobody knows where the patient is parked.
    const claimed = this.#lanes().filter(({ co }) => co.complete);
    // A request about a patient who was held nowhere any more is nobody's but the owner's of the key, who need not hold anybody.
    const now = this.#clock.monotonic();
    if (claimed.length === 0 || (!claimed.some((lane) => lane.held.size > 0) && now - this.#lookedAt < idleMs)) return;
    this.#lookedAt = now;
    const { flow } = this.#program;
    const asked = await this.#state.redriveRequests(flow);
    if (asked.length === 0) return;
    const places = Map.groupBy(await this.#state.heldAt(flow, [...new Set(asked.map(keyOf))]), ({ key }) => key);
    const still = new Set((await this.#state.redriveRequests(flow)).map(({ id }) => id));
    const lanes = claimed.filter((lane) => lane.owned && !lane.draining);
    for (const request of asked.filter(({ id }) => still.has(id))) {
      const place = placeOf(request, (places.get(keyOf(request)) ?? []).filter(this.#isOfFlow));
      const lane = place ? lanes.find(({ ref }) => isAt(ref, place)) : this.#ofNone(lanes, keyOf(request));
      lane?.holding.redrive(request);
    }
  }

  /** Rows of a topic or lane that the flow has no more have no owner. */
  readonly #isOfFlow = ({ lane: { topic, lane } }: HeldPlace): boolean =>
    this.#program.sources.includes(topic) && (lane === mainLane || this.#program.lanes.some(({ name }) => name === lane));

  /** The store has nothing of the patient. What is here may be on its way there. */
  #ofNone(lanes: readonly Lane[], key: string): Lane | undefined {
    return lanes.find((lane) => lane.held.get(key)) ?? lanes.find(({ ref }) => ref.partition === this.#program.partitionOf(key));
  }
}

const keyOf = ({ key }: RedriveRequest): string => key ?? '';

const isAt = (ref: Lane['ref'], { lane }: HeldPlace): boolean =>
  ref.lane === lane.lane && ref.topic === lane.topic && ref.partition === lane.partition;

/**
 * Of several places the one whose head the request means. Then where the patient is parked: the others go on by themselves.
 * The main lane before those that it feeds.
 */
function placeOf({ id, errorClass }: RedriveRequest, all: readonly HeldPlace[]): HeldPlace | undefined {
  const named = headOf(id);
  const meant = all.filter(({ seq, errorClass: of }) => (named ?? seq) === seq && (errorClass ?? of) === of);
  const places = (meant.length > 0 ? meant : all).toSorted(({ lane: a }, { lane: b }) => rank(a.lane) - rank(b.lane));
  return places.find(({ due, reason }) => due === null && reason !== 'merge') ?? places.find(({ due }) => due === null) ?? places[0];
}

const rank = (lane: string): number => (lane === mainLane ? 0 : 1);
