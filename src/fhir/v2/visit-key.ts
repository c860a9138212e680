import { inside, part, type V2Facts } from './field.ts';
import { systemOf } from './identifier.ts';

/**
 * Which visit a message is about: PV1-19 (visit number) says it; without one PV1-50 (alternate visit), then PID-18
 * (account). Undefined: it names none. The key of `encounterId`, so that every flow comes to the same Encounter.
 */
export function visitKey(
  message: { readonly patient: V2Facts; readonly visit: V2Facts | undefined },
  systems: Readonly<Record<string, string>> = {},
): string | undefined {
  const facts: V2Facts = { ...message.visit, ...(message.patient['PID-18'] ? { 'PID-18': message.patient['PID-18'] } : {}) };
  for (const field of ['PV1-19', 'PV1-50', 'PID-18']) {
    const cx = facts[field]?.[0];
    const number = part(cx, 1);
    if (number !== undefined) return `${field}|${systemOf(inside(cx, 4), systems) ?? ''}|${number}`;
  }
  return undefined;
}
