import { isRecord, type Problems, path, shown, strange } from './check-values.ts';
import { depthOf, overlap, type Place } from './place.ts';
import { isPlain } from './text.ts';

/** MSH fields that say how to read the message and whose it is. MSH-9 is for `events`, MSH-18 for `charset`. */
const fixed = new Set([1, 2, 3, 4, 9, 10, 18]);

interface Used {
  readonly place: Place;
  readonly at: string;
}

/**
 * Besides shapes: a rule must not read what another one writes, nor two write to one place (a default may fill what a
 * copy left empty). Then the order of rules does not matter, and applying them again changes nothing.
 */
export function fieldProblems(value: unknown, key: string): Problems {
  if (!Array.isArray(value)) return [`${key}: expected a list`];
  const found: string[] = [];
  const [sources, targets, defaults]: Used[][] = [[], [], []];
  for (const [n, rule] of value.entries() as IterableIterator<[number, unknown]>) {
    const at = `${key}[${n}]`;
    if (!isRecord(rule)) {
      found.push(`${at}: expected { copy, to }, { move, to } or { default, value }`);
      continue;
    }
    const kinds = ['copy', 'move', 'default'].filter((kind) => rule[kind] !== undefined);
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) {
      found.push(`${at}: expected one of copy, move, default`);
      continue;
    }
    const place = (name: string): Used | undefined => {
      const parsed = path(rule[name]);
      if (!parsed) found.push(`${at}.${name}: expected a path such as PV1-19 or PID-3[2].1, got ${shown(rule[name])}`);
      if (!parsed) return undefined;
      const used = { place: parsed, at: `${at}.${name}` };
      const problems = readProblems(used);
      found.push(...problems);
      return problems.length > 0 ? undefined : used;
    };
    found.push(...strange(rule, kind === 'default' ? ['default', 'value'] : [kind, 'to', 'onlyIfEmpty'], at));
    const first = place(kind);
    if (kind === 'default') {
      const text = rule['value'];
      if (typeof text !== 'string' || !isPlain(text) || text.trim() === '' || text === '""')
        found.push(`${at}.value: expected printable ASCII, got ${shown(text)}`);
      if (first) defaults?.push(first);
      if (first) found.push(...writeProblems(first));
      continue;
    }
    if (rule['onlyIfEmpty'] !== undefined && typeof rule['onlyIfEmpty'] !== 'boolean')
      found.push(`${at}.onlyIfEmpty: expected true or false, got ${shown(rule['onlyIfEmpty'])}`);
    const to = place('to');
    if (first) sources?.push(first);
    if (first && kind === 'move') found.push(...writeProblems(first));
    if (to) targets?.push(to);
    if (to) found.push(...writeProblems(to));
    if (first && to && depthOf(first.place) < depthOf(to.place))
      found.push(`${at}.to: what is taken from a larger place may not fit into a smaller one; name the part that is meant`);
  }
  for (const source of sources ?? [])
    for (const target of [...(targets ?? []), ...(defaults ?? [])])
      if (overlap(source.place, target.place)) found.push(`${source.at}: it is written by ${target.at}`);
  for (const list of [targets ?? [], defaults ?? []])
    list.forEach((one, n) => {
      for (const other of list.slice(0, n)) if (overlap(one.place, other.place)) found.push(`${one.at}: it is written by ${other.at}, too`);
    });
  return found;
}

function writeProblems({ place, at }: Used): Problems {
  return place.segment === 'MSH' && fixed.has(place.field)
    ? [`${at}: MSH-${place.field} says how to read the message and whose it is; it cannot be changed here`]
    : [];
}

/** Segments around messages are no part of one; MSH-1 and MSH-2 are separators, no text. */
function readProblems({ place, at }: Used): Problems {
  if (/^[FB](HS|TS)$/.test(place.segment)) return [`${at}: ${place.segment} is no segment of a message`];
  return place.segment === 'MSH' && place.field < 3 ? [`${at}: MSH-${place.field} holds the delimiters`] : [];
}
