import type { Identifier } from '../../identity/port.ts';

/**
 * Patient ids by identifier, least recently used first out. Only for a request's first identifier: the first known one
 * decides, so a known first one needs no look-up. Stale entries do no harm: `admit` answers `moved`.
 */
export class PatientCache {
  readonly #limit: number;
  readonly #ids = new Map<string, string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(identifier: Identifier): string | undefined {
    const key = keyOf(identifier);
    const id = this.#ids.get(key);
    if (id === undefined) return undefined;
    this.#ids.delete(key);
    this.#ids.set(key, id);
    return id;
  }

  set(identifier: Identifier, patientId: string): void {
    const key = keyOf(identifier);
    this.#ids.delete(key);
    this.#ids.set(key, patientId);
    if (this.#ids.size > this.#limit) {
      const oldest = this.#ids.keys().next().value;
      if (oldest !== undefined) this.#ids.delete(oldest);
    }
  }

  /** When a patient is merged or given back: this instance keeps the order of arrival without a detour. */
  forgetPatient(patientId: string): void {
    for (const [key, id] of this.#ids) if (id === patientId) this.#ids.delete(key);
  }

  forget(identifiers: readonly Identifier[]): void {
    for (const each of identifiers) this.#ids.delete(keyOf(each));
  }
}

export const keyOf = (identifier: Identifier): string => `${identifier.system}\u0000${identifier.value}`;
