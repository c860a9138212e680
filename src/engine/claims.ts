import { error } from '../errors/index.ts';
import { sha256 } from '../flow/canonical.ts';
import type { CompiledFlow } from '../flow/compile.ts';
import type { Flow } from '../flow/flow.ts';
import type { Once } from '../flow/outside.ts';
import type { Claim } from '../keyed/port.ts';
import { type ProcessedId, processedTable } from '../state/processed.ts';
import { effect } from '../state/table.ts';
import type { EnginePorts } from './options.ts';
import type { EngineTurn } from './turn.ts';

/** An id that a turn has let pass; confirmed when the turn is durable, given back when it fails. */
export interface OpenClaim {
  readonly key: string;
  readonly coordinate: string;
  readonly ttlMs: number;
}

interface Question extends ProcessedId {
  readonly resolve: (coordinate: string | null) => void;
  readonly reject: (cause: unknown) => void;
}

/** Ids longer than this stand in the row as their hash. */
const longest = 200;
const mostAtOnce = 500;
const hour = 3600 * 1000;
const portion = 1000;

/**
 * The ids of a flow's `dedupe` nodes. **The row decides**: written with the turn, read before the next one is let
 * through (all that ask in one round of the event loop in one query). The claim in port Keyed only keeps two owners of
 * one patient from working on one id at once; what it says about the past is never believed, as it may be from another
 * life of the database, or be gone.
 */
export class Claims {
  readonly #flow: string;
  readonly #ports: EnginePorts;
  readonly #keepMs: ReadonlyMap<string, number>;
  #questions: Question[] = [];
  #stopped = false;
  #cancel: () => void = () => {};

  constructor(flow: Flow<unknown>, { dedupes }: CompiledFlow, ports: EnginePorts) {
    this.#flow = flow.name;
    this.#ports = ports;
    // A shorter time than the source's retention would repeat effects on a replay.
    this.#keepMs = new Map([...dedupes].map(([node, ttlMs]) => [node, Math.max(ttlMs, flow.source.retentionMs)]));
    if (dedupes.size > 0) this.#forgetLater(60_000 * (1 + ports.random.next()));
  }

  async once(turn: EngineTurn, node: string, own: string, options: Once): Promise<boolean> {
    const id = own.length > longest ? `sha256:${sha256(own)}` : own;
    const { root, lane } = turn;
    const child = turn.nth(node);
    const { topic, partition } = lane.ref;
    const coordinate =
      root.offset >= 0 ? `${topic}/${partition}/${root.offset}/${child}` : `timer/${root.eventId}/${root.timestamp}/${child}`;
    const key = sha256(JSON.stringify([this.#flow, node, root.key, id]));
    const steps = turn.ownSteps;
    steps.ids ??= new Set();
    if (steps.ids.has(key)) return false;
    const claim = await this.#claim(key, coordinate, options);
    const claimed: OpenClaim = { key, coordinate, ttlMs: Math.max(options.ttlMs, this.#keepMs.get(node) ?? 0) };
    let known: string | null;
    try {
      known = await this.#known({ node, key: root.key, id });
    } catch (cause) {
      this.#release(claimed);
      throw cause;
    }
    if (known !== null && known !== coordinate) {
      if (claim?.state === 'claimed') this.#release(claimed);
      return false;
    }
    // Another record is at it, for another owner: its row, or the end of its lease, decides.
    if (claim?.state === 'open') throw error('AORTA_GUARD_011', { node }, { retryAfterMs: Math.min(claim.leftMs, 1_000) + 10 });
    if (turn.dead) throw turn.dead;
    steps.ids.add(key);
    steps.claims ??= [];
    steps.claims.push(claimed);
    const row = { flow: this.#flow, node, key: root.key, id, coordinate, at: this.#ports.clock.now() };
    turn.write(node, effect.insert(processedTable, row));
    return true;
  }

  /** The turn is durable. */
  confirm({ steps }: EngineTurn): void {
    for (const { key, coordinate, ttlMs } of steps?.claims ?? []) void this.#ports.keyed?.confirm(key, coordinate, ttlMs).catch(() => {});
  }

  /** The turn failed, or was taken back: its ids are free at once. */
  release(turn: EngineTurn): void {
    const { steps } = turn;
    if (!steps) return;
    for (const claim of steps.claims ?? []) this.#release(claim);
    steps.claims = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #release({ key, coordinate }: OpenClaim): void {
    void this.#ports.keyed?.release(key, coordinate).catch(() => {});
  }

  async #claim(key: string, coordinate: string, { leaseMs, whenAway }: Once): Promise<Claim | undefined> {
    try {
      return await this.#ports.keyed?.claim(key, coordinate, leaseMs);
    } catch (cause) {
      if (whenAway === 'process') return undefined;
      throw error('AORTA_GUARD_011', { node: 'dedupe' }, { cause, retryAfterMs: 500 + this.#ports.random.next() * 500 });
    }
  }

  #known(id: ProcessedId): Promise<string | null> {
    return new Promise((resolve, reject) => {
      this.#questions.push({ ...id, resolve, reject });
      if (this.#questions.length === 1) this.#ports.clock.soon(() => void this.#ask());
    });
  }

  async #ask(): Promise<void> {
    const all = this.#questions;
    this.#questions = [];
    for (let from = 0; from < all.length; from += mostAtOnce) {
      const some = all.slice(from, from + mostAtOnce);
      try {
        const found = await this.#ports.state.processed(
          this.#flow,
          some.map(({ node, key, id }) => ({ node, key, id })),
        );
        for (const [i, { resolve }] of some.entries()) resolve(found[i] ?? null);
      } catch (cause) {
        for (const { reject } of some) reject(cause);
      }
    }
  }

  #forgetLater(ms: number): void {
    this.#cancel = this.#ports.clock.after(ms, () => void this.#forget());
  }

  async #forget(): Promise<void> {
    const { state, clock, telemetry, random } = this.#ports;
    try {
      for (const [node, keepMs] of this.#keepMs) {
        for (let more = true; more && !this.#stopped; ) {
          more = (await state.forgetProcessed(this.#flow, node, clock.now() - keepMs, portion)) === portion;
        }
      }
    } catch (cause) {
      telemetry.log('warn', 'flow.forget-ids-failed', { flow: this.#flow, error: cause });
    }
    if (!this.#stopped) this.#forgetLater(hour * (0.75 + random.next() / 2));
  }
}
