import { isRecord, type Problems, path, shown, strange } from './check-values.ts';

const isEvent = (value: unknown): value is string => typeof value === 'string' && /^[A-Z][A-Z0-9]{2}$/.test(value);
const isReason = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(value) && value.length <= 60;
const kinds = ['as', 'skip', 'refuse'] as const;

export function eventProblems(value: unknown, key: string): Problems {
  if (!isRecord(value)) return [`${key}: expected trigger events with a rule each`];
  return Object.entries(value).flatMap(([event, given]) => {
    const at = `${key}.${event}`;
    if (!isEvent(event)) return [`${at}: expected a trigger event, such as A08`];
    const list = Array.isArray(given) ? given : [given];
    if (list.length === 0) return [`${at}: expected a rule`];
    const always = list.findIndex((rule) => isRecord(rule) && rule['when'] === undefined);
    const late = always >= 0 && always < list.length - 1 ? [`${at}[${always + 1}]: never reached, as the rule before it has no when`] : [];
    return [...list.flatMap((rule, n) => ruleProblems(rule, Array.isArray(given) ? `${at}[${n}]` : at, value)), ...late];
  });
}

function ruleProblems(rule: unknown, at: string, events: Readonly<Record<string, unknown>>): Problems {
  if (!isRecord(rule)) return [`${at}: expected { as }, { skip } or { refuse }`];
  const given = kinds.filter((kind) => rule[kind] !== undefined);
  const found = strange(rule, [...kinds, 'when'], at);
  if (given.length !== 1) found.push(`${at}: expected one of as, skip, refuse`);
  const { as, skip, refuse, when } = rule;
  if (as !== undefined && !isEvent(as)) found.push(`${at}.as: expected a trigger event, such as A02, got ${shown(as)}`);
  // A chain would mean something else each time that the profile is applied.
  else if (typeof as === 'string' && Object.hasOwn(events, as)) found.push(`${at}.as: ${as} has rules of its own`);
  for (const [kind, reason] of Object.entries({ skip, refuse }))
    if (reason !== undefined && !isReason(reason))
      found.push(`${at}.${kind}: expected a name of lower-case letters, digits and dashes, got ${shown(reason)}`);
  return when === undefined ? found : [...found, ...conditionProblems(when, `${at}.when`)];
}

function conditionProblems(when: unknown, at: string): Problems {
  if (!isRecord(when)) return [`${at}: expected { path, is } or { path, in }`];
  const { is, in: texts } = when;
  const found = strange(when, ['path', 'is', 'in'], at);
  if (!path(when['path'])) found.push(`${at}.path: expected a path such as PV1-2, got ${shown(when['path'])}`);
  if (is === undefined && texts === undefined) found.push(`${at}: expected is or in`);
  if (is !== undefined && is !== 'valued' && is !== 'empty') found.push(`${at}.is: expected valued or empty, got ${shown(is)}`);
  if (texts !== undefined && !(Array.isArray(texts) && texts.length > 0 && texts.every((text) => typeof text === 'string' && text !== '')))
    found.push(`${at}.in: expected a list of texts`);
  if (is === 'empty' && texts !== undefined) found.push(`${at}.in: nothing is both empty and one of these`);
  return found;
}
