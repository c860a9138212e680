import type { Lookup } from '../flow/outside.ts';
import type { Counter } from '../telemetry/port.ts';
import type { EnginePorts } from './options.ts';
import type { EngineTurn } from './turn.ts';

interface Entry {
  readonly value: unknown;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/** One read of a key, for all turns that wait for it. */
export class Flight {
  readonly abort = new AbortController();
  /** Turns that wait for it. */
  waiting = 0;
  found!: Promise<unknown>;
  /** The flow's function, once it has begun: it may go on when the read is given up. */
  work: Promise<unknown> | undefined;

  runs(work: PromiseLike<unknown>): Promise<unknown> {
    this.work = Promise.resolve(work);
    return this.work;
  }
}

/** Who asks. */
type Asker = Pick<EngineTurn, 'runs'>;

interface Cache {
  /** Least recently used first. */
  readonly entries: Map<string, Entry>;
  readonly flights: Map<string, Flight>;
  readonly count: (result: 'hit' | 'joined' | 'miss') => void;
}

/**
 * What `enrich` nodes have looked up. A key that many turns want at once is asked for once; its read ends only when
 * nobody waits for it any more, so that a turn which is cancelled takes nothing from the others.
 */
export class Lookups {
  readonly #flow: string;
  readonly #ports: EnginePorts;
  readonly #caches = new Map<string, Cache>();

  constructor(flow: string, ports: EnginePorts) {
    this.#flow = flow;
    this.#ports = ports;
  }

  async find(
    asker: Asker,
    node: string,
    { key, cache: bounds }: Lookup,
    signal: AbortSignal,
    read: (flight: Flight) => Promise<unknown>,
  ): Promise<unknown> {
    const { clock } = this.#ports;
    const cache = this.#cache(node);
    const kept = cache.entries.get(key);
    if (kept && kept.until > clock.monotonic()) {
      cache.count('hit');
      cache.entries.delete(key);
      cache.entries.set(key, kept);
      return kept.value;
    }
    let flight = cache.flights.get(key);
    cache.count(flight ? 'joined' : 'miss');
    flight ??= this.#fly(cache, key, bounds, read);
    return this.#wait(flight, signal, asker);
  }

  #fly(cache: Cache, key: string, bounds: Lookup['cache'], read: (flight: Flight) => Promise<unknown>): Flight {
    const flight = new Flight();
    const load = async (): Promise<unknown> => {
      try {
        const value = await read(flight);
        if (bounds) this.#keep(cache, key, value, bounds);
        return value;
      } finally {
        cache.flights.delete(key);
      }
    };
    // Everybody may have left by the time that it fails.
    flight.found = load();
    flight.found.catch(() => {});
    cache.flights.set(key, flight);
    return flight;
  }

  #keep({ entries }: Cache, key: string, value: unknown, { max, ttlMs }: NonNullable<Lookup['cache']>): void {
    entries.delete(key);
    entries.set(key, { value, until: this.#ports.clock.monotonic() + ttlMs });
    if (entries.size > max) entries.delete(entries.keys().next().value as string);
  }

  #wait(flight: Flight, signal: AbortSignal, asker: Asker): Promise<unknown> {
    flight.waiting++;
    return new Promise((resolve, reject) => {
      const leave = () => {
        signal.removeEventListener('abort', onAbort);
        if (--flight.waiting === 0) flight.abort.abort(signal.reason);
      };
      const onAbort = () => {
        leave();
        if (flight.work) asker.runs(flight.work);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) return onAbort();
      flight.found.then(
        (value) => {
          if (!signal.aborted) leave();
          resolve(value);
        },
        (thrown) => {
          if (!signal.aborted) leave();
          if (flight.work) asker.runs(flight.work);
          reject(thrown);
        },
      );
    });
  }

  #cache(node: string): Cache {
    let cache = this.#caches.get(node);
    if (!cache) {
      const { telemetry } = this.#ports;
      const counter = (result: string): Counter =>
        telemetry.counter('aorta_flow_lookups_total', 'Look-ups of enrich, by where the answer came from', {
          flow: this.#flow,
          node,
          result,
        });
      const counters = { hit: counter('hit'), joined: counter('joined'), miss: counter('miss') };
      cache = { entries: new Map(), flights: new Map(), count: (result) => counters[result].inc() };
      this.#caches.set(node, cache);
    }
    return cache;
  }
}
