import { error } from '../errors/index.ts';

type Interaction = 'c' | 'r' | 'u' | 'd' | 's';
const order = 'cruds';

/** A scope of one resource type at one level (SMART 2.2, "Scopes for requesting FHIR Resources"). */
export interface Scope {
  readonly level: 'system' | 'user' | 'patient';
  /** A resource type, or `*`. */
  readonly type: string;
  readonly interactions: ReadonlySet<Interaction>;
  /** A search that narrows it (v2 only): `category=laboratory`. */
  readonly query?: string;
}

const v2 = /^(system|user|patient)\/(\*|[A-Z][A-Za-z]{1,63})\.(c?r?u?d?s?)(?:\?([\w.:=&|%/,-]+))?$/;
const v1 = /^(system|user|patient)\/(\*|[A-Z][A-Za-z]{1,63})\.(read|write|\*)$/;
const ofV1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };

export const isV1 = (text: string): boolean => v1.test(text);

/** v1 and v2 syntax. Undefined for scopes that are not of resources (`openid`, `launch`). */
export function parseScope(text: string): Scope | undefined {
  const old = v1.exec(text);
  const [, level, type, letters = '', query] = old ? [...old.slice(0, 3), ofV1[old[3] ?? '']] : (v2.exec(text) ?? []);
  if (level === undefined || type === undefined || letters === '') return undefined;
  const interactions = new Set(letters as Iterable<Interaction>);
  return { level: level as Scope['level'], type, interactions, ...(query === undefined ? {} : { query }) };
}

/** As a backend service may ask for it. @throws AORTA_SMART_001, AORTA_SMART_002 */
export function backendScope(text: string): Scope {
  // Named first: a wildcard is the more dangerous of the two mistakes.
  if (/^\w+\/\*|\.\*$/.test(text)) throw error('AORTA_SMART_002', { scope: text.slice(0, 60) });
  const scope = parseScope(text);
  if (scope?.level !== 'system') throw error('AORTA_SMART_001', { scope: text.slice(0, 60) });
  return scope;
}

/** What a component reads and writes. */
export interface Access {
  readonly reads: readonly string[];
  /** Resource types that it creates. */
  readonly creates?: readonly string[];
  /** Resource types that it creates where that is granted, and does without where not. */
  readonly mayCreate?: readonly string[];
}

/** The scopes that this access needs, in v2 syntax, sorted. Reading is `rs`: reads and searches. */
export function neededScopes({ reads, creates = [] }: Access): readonly string[] {
  const letters = new Map<string, Set<Interaction>>();
  const add = (type: string, ...more: Interaction[]) => letters.set(type, new Set([...(letters.get(type) ?? []), ...more]));
  for (const type of reads) add(type, 'r', 's');
  for (const type of creates) add(type, 'c');
  return [...letters].map(([type, needed]) => format({ level: 'system', type, interactions: needed }, 'v2')).sort();
}

/** The scopes that may be granted to this access, in v2 syntax: those that it needs, and those that it can do without. */
export const usableScopes = ({ mayCreate = [], ...access }: Access): readonly string[] =>
  neededScopes({ ...access, creates: [...(access.creates ?? []), ...mayCreate] });

/** In the syntax that a server understands; v1 has `read` and `write` only, so that writing one thing asks for all of it. */
export function format({ level, type, interactions, query }: Scope, version: 'v1' | 'v2'): string {
  if (version === 'v2') {
    const letters = [...order].filter((letter) => interactions.has(letter as Interaction)).join('');
    return `${level}/${type}.${letters}${query === undefined ? '' : `?${query}`}`;
  }
  const reading = interactions.has('r') || interactions.has('s');
  const writing = (['c', 'u', 'd'] as const).some((letter) => interactions.has(letter));
  return `${level}/${type}.${reading && writing ? '*' : writing ? 'write' : 'read'}`;
}

/** Needed scopes that the given ones do not cover. A scope with a query covers its own query only. */
export function missingScopes(needed: readonly string[], granted: readonly string[]): readonly string[] {
  const given = granted.map(parseScope).filter((scope) => scope !== undefined);
  return needed.filter((text) => {
    const wanted = parseScope(text);
    if (!wanted) return !granted.includes(text);
    return [...wanted.interactions].some((letter) => !given.some((scope) => covers(scope, wanted, letter)));
  });
}

function covers(scope: Scope, wanted: Scope, letter: Interaction): boolean {
  const typed = scope.type === '*' || scope.type === wanted.type;
  return (
    scope.level === wanted.level && typed && scope.interactions.has(letter) && (scope.query === undefined || scope.query === wanted.query)
  );
}

/**
 * Registered scopes, or letters of them, that nothing needs: `system/Patient.cruds` of a reader has `cud` too many. In v1
 * `write` is the least that lets one create, so it is surplus only where nothing of its type is written.
 */
export function surplusScopes(needed: readonly string[], registered: readonly string[]): readonly string[] {
  const wanted = needed.map(parseScope).filter((scope) => scope !== undefined);
  return registered.filter((text) => {
    const scope = parseScope(text);
    if (!scope) return !needed.includes(text);
    const old = isV1(text);
    const used = (letter: Interaction) =>
      wanted.some(({ level, type, interactions }) => {
        if (level !== scope.level || type !== scope.type) return false;
        const same =
          old && 'cud'.includes(letter) ? (['c', 'u', 'd'] as const).some((each) => interactions.has(each)) : interactions.has(letter);
        return same;
      });
    return [...scope.interactions].some((letter) => !used(letter));
  });
}
