import { inside, isDelete, systemOf, type V2Facts, type V2Field } from 'aorta/fhir';

/** The newest value of one field, and when it was said. `value` null: deleted by `""`. */
export interface Register {
  readonly value: V2Field | null;
  readonly at: number;
  readonly seq: number;
}

/** Field name → newest value; PID-3 once per assigning authority, as each sender knows its own numbers only. */
export type Demographics = { readonly [field: string]: Register };

/**
 * Takes a message's fields over where they are newer than what is known: event time decides, then arrival. Empty fields
 * say nothing. The order of calls does not matter.
 */
export function learn(
  known: Demographics,
  facts: V2Facts,
  at: number,
  seq: number,
  systems: Readonly<Record<string, string>> = {},
): Demographics {
  const learnt: Record<string, Register> = { ...known };
  for (const [name, value] of Object.entries(perAuthority(facts, systems))) {
    const register = learnt[name];
    if (register && (register.at > at || (register.at === at && register.seq > seq))) continue;
    learnt[name] = { value: isDelete(value) ? null : value, at, seq };
  }
  return learnt;
}

/** What is known now, as fields again. */
export function factsOf(known: Demographics): V2Facts {
  const facts: Record<string, V2Field> = {};
  for (const name of Object.keys(known).sort()) {
    const value = known[name]?.value;
    if (!value) continue;
    const field = name.split(' ')[0] as string;
    facts[field] = [...(facts[field] ?? []), ...value];
  }
  return facts;
}

function perAuthority(facts: V2Facts, systems: Readonly<Record<string, string>>): V2Facts {
  const { 'PID-3': numbers, 'PID-18': _account, ...others } = facts;
  const named: Record<string, V2Field> = { ...others };
  for (const cx of numbers ?? []) {
    if (isDelete([cx])) continue;
    const name = `PID-3 ${systemOf(inside(cx, 4), systems) ?? ''}`;
    named[name] = [...(named[name] ?? []), cx];
  }
  return named;
}
