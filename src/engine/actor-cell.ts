import { error } from '../errors/index.ts';
import type { Actor } from '../flow/actor.ts';

/** A patient's state in one store between two turns. */
export interface Snapshot {
  /** JSON; `null`: there is none. */
  readonly text: string | null;
  readonly version: number;
  /** What `text` says, where it is kept. */
  readonly value?: unknown;
}

/**
 * Characters of JSON up to which a state is read again when its patient is back: the objects of a small one, kept for
 * thousands of patients, cost the garbage collector more than that.
 */
export const smallState = 1024;

interface Encoded {
  readonly text: string | null;
  readonly value: Buffer | null;
}

const nothing: Encoded = { text: null, value: null };

/**
 * The state of one `process` node for one patient. The snapshot is what the last ended turn left; a turn that fails goes
 * back to it, whatever its handler did to the object meanwhile.
 */
export class ActorCell {
  readonly store: string;
  readonly #actor: Actor<unknown, unknown, unknown>;
  readonly #key: string;
  #text: string | null;
  #version: number;
  #value: unknown;
  #decoded: boolean;
  #encoded = nothing;
  dirty = false;

  constructor(actor: Actor<unknown, unknown, unknown>, store: string, key: string, { text, version, value }: Snapshot) {
    this.#actor = actor;
    this.store = store;
    this.#key = key;
    this.#text = text;
    this.#version = version;
    this.#value = value;
    this.#decoded = value !== undefined;
  }

  /** What `snapshot` says without the value. */
  get text(): string | null {
    return this.#text;
  }

  get version(): number {
    return this.#version;
  }

  get value(): unknown {
    if (!this.#decoded) {
      this.#value = this.#decode();
      this.#decoded = true;
    }
    // A state that was forgotten within the turn begins anew.
    return this.#value ?? this.#actor.initial(this.#key);
  }

  set value(value: unknown) {
    this.#value = value;
    this.#decoded = true;
    this.dirty = true;
  }

  /**
   * The turn is about to end: makes the bytes to write, `null` to remove the row. Throws where the state is no JSON. All cells
   * of a turn come to this before one is sealed: a sealed one does not go back when the turn fails.
   */
  encode(): void {
    const text = this.#value === null || this.#value === undefined ? null : JSON.stringify(this.#value);
    this.#encoded = { text, value: text === null ? null : Buffer.from(text) };
  }

  /** The turn ended: what it left is what the next one that fails goes back to. */
  seal(): { value: Buffer | null; version: number } {
    const { text, value } = this.#encoded;
    this.#encoded = nothing;
    this.dirty = false;
    this.#text = text;
    this.#version = this.#actor.version;
    if (text === null) this.#decoded = false;
    return { value, version: this.#version };
  }

  /** The turn failed: forget what it did. */
  restore(): void {
    this.dirty = false;
    this.#decoded = false;
    this.#value = undefined;
  }

  /** Of a cell that no turn uses. */
  snapshot(): Snapshot {
    const [text, version] = [this.#text, this.#version];
    return text !== null && text.length > smallState && this.#decoded ? { text, version, value: this.#value } : { text, version };
  }

  #decode(): unknown {
    if (this.#text === null) return this.#actor.initial(this.#key);
    const stored: unknown = JSON.parse(this.#text);
    if (this.#version === this.#actor.version) return stored;
    if (!this.#actor.migrate) {
      throw error('AORTA_ENGINE_012', { store: this.store, stored: this.#version, known: this.#actor.version });
    }
    return this.#actor.migrate(stored, this.#version);
  }
}
