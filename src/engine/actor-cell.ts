import { error } from '../errors/index.ts';
import type { Actor } from '../flow/actor.ts';

/**
 * The state of one `process` node for one patient. `snapshot` is what the last ended turn left; a turn that fails goes
 * back to it, whatever its handler did to the object meanwhile.
 */
export class ActorCell {
  readonly #actor: Actor<unknown, unknown, unknown>;
  readonly #store: string;
  readonly #key: string;
  #snapshot: Buffer | null;
  #version: number;
  #value: unknown;
  #decoded = false;
  dirty = false;

  constructor(actor: Actor<unknown, unknown, unknown>, store: string, key: string, stored: { value: Buffer; version: number } | null) {
    this.#actor = actor;
    this.#store = store;
    this.#key = key;
    this.#snapshot = stored?.value ?? null;
    this.#version = stored?.version ?? actor.version;
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

  /** The turn ended: the bytes to write, `null` to remove the row. */
  seal(): { value: Buffer | null; version: number } {
    this.dirty = false;
    this.#version = this.#actor.version;
    this.#snapshot = this.#value === null || this.#value === undefined ? null : Buffer.from(JSON.stringify(this.#value));
    if (this.#snapshot === null) this.#decoded = false;
    return { value: this.#snapshot, version: this.#version };
  }

  /** The turn failed: forget what it did. */
  restore(): void {
    this.dirty = false;
    this.#decoded = false;
    this.#value = undefined;
  }

  #decode(): unknown {
    if (this.#snapshot === null) return this.#actor.initial(this.#key);
    const stored: unknown = JSON.parse(this.#snapshot.toString());
    if (this.#version === this.#actor.version) return stored;
    if (!this.#actor.migrate) {
      throw error('AORTA_ENGINE_012', { store: this.#store, stored: this.#version, known: this.#actor.version });
    }
    return this.#actor.migrate(stored, this.#version);
  }
}
