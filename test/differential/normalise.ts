/** A resource as both converters have it, as far as they can be compared. */
export type Json = { readonly [name: string]: unknown };

/** One value at one place: `Patient.name.family = Muster`. */
export interface Fact {
  readonly path: string;
  readonly value: string;
}

/** Types whose resources stand for themselves; the others are told where they are referred to. */
const compared = [
  ...['Patient', 'RelatedPerson', 'Encounter', 'AllergyIntolerance', 'Condition'],
  ...['Observation', 'DiagnosticReport', 'ServiceRequest', 'Specimen'],
];

/**
 * The facts of a set of resources, by type, code and place in order. Ids, versions and stamps are each converter's own and are
 * left out; what a reference leads to is told in its place (number and name of a practitioner, an organization or a
 * place), so that a logical reference, a contained resource and one of its own say the same.
 */
export function factsOf(resources: readonly Json[]): Map<string, Fact[]> {
  const all = [...resources, ...resources.flatMap((each) => (each['contained'] as Json[] | undefined) ?? [])];
  const facts = new Map<string, Fact[]>();
  for (const type of compared) {
    const own = all.filter((each) => each['resourceType'] === type);
    const count = new Map<string, number>();
    for (const resource of ordered(type, own, all)) {
      const found: Fact[] = [];
      walk(resource, type, within(all, resource), found, 0);
      const what = `${type} ${codeOf(resource)}`;
      count.set(what, (count.get(what) ?? 0) + 1);
      facts.set(`${what} ${count.get(what)}`, found);
    }
  }
  return facts;
}

/** What a resource is about, where several of its type may be: results and illnesses by their code. */
const codeOf = ({ code }: Json): string => (code as { coding?: { code?: string }[] } | undefined)?.coding?.[0]?.code ?? '';

/** Observations and specimens in the order of their reports. */
function ordered(type: string, own: readonly Json[], all: readonly Json[]): readonly Json[] {
  const [list] = type === 'Observation' ? ['result'] : type === 'Specimen' ? ['specimen'] : [undefined];
  if (list === undefined) return own;
  const places = new Map<string, number>();
  for (const report of all)
    if (report['resourceType'] === 'DiagnosticReport')
      for (const { reference } of (report[list] as { reference: string }[] | undefined) ?? []) places.set(reference, places.size);
  const place = (each: Json) => places.get(`${type}/${each['id']}`) ?? places.size;
  return [...own].sort((a, b) => place(a) - place(b));
}

/** What a reference finds from inside a resource: `#id` in it, else by type and id. */
function within(all: readonly Json[], resource: Json) {
  const contained = (resource['contained'] as Json[] | undefined) ?? [];
  return (reference: string): Json | undefined =>
    reference.startsWith('#')
      ? [...contained, ...all].find((each) => each['id'] === reference.slice(1))
      : all.find((each) => `${each['resourceType']}/${each['id']}` === reference);
}

const left = new Set(['id', 'contained', 'resourceType', 'versionId', 'lastUpdated']);
const process = /^http:\/\/ibm\.com\/fhir\/cdm\//;

function walk(value: unknown, path: string, find: (reference: string) => Json | undefined, facts: Fact[], depth: number): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) {
    for (const each of value) walk(each, path, find, facts, depth);
    return;
  }
  if (typeof value !== 'object') {
    facts.push({ path, value: plain(path, String(value)) });
    return;
  }
  const object = value as Json;
  if (typeof object['url'] === 'string' && process.test(object['url'])) return;
  if (typeof object['reference'] === 'string') {
    told(object, path, find, facts, depth);
    return;
  }
  const isReference = 'type' in object && typeof object['type'] === 'string' && ('identifier' in object || 'display' in object);
  for (const [name, member] of Object.entries(object)) {
    // The type of a logical reference is what the other side's resource type says.
    if (left.has(name) || (isReference && name === 'type')) continue;
    walk(member, named(path, name, object), find, facts, depth);
  }
}

/** Times as moments and numbers without their punctuation: how they are written is each converter's own. */
function plain(path: string, value: string): string {
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(value)) return new Date(value).toISOString();
  if (!path.endsWith('telecom.value')) return value;
  const number = value.replace(/ ?(ext\. ?|X)(?=\d+$)/, 'X');
  return /^[+\d(][\d ()./-]*(X\d+)?$/.test(number) ? number.replace(/[ ()./-]/g, '') : value;
}

/** Extensions are told apart by their url. */
const named = (path: string, name: string, of: Json): string => {
  const url =
    path.endsWith('.extension') && typeof of['url'] === 'string' && name !== 'url' ? `[${String(of['url']).split('/').at(-1)}]` : '';
  return `${path}${url}.${name}`;
};

function told(reference: Json, path: string, find: (reference: string) => Json | undefined, facts: Fact[], depth: number): void {
  const target = find(String(reference['reference']));
  const { extension, ...own } = reference;
  if (extension) walk({ extension }, path, find, facts, depth);
  if (target === undefined || depth > 3 || compared.includes(String(target['resourceType']))) {
    facts.push({ path, value: `→ ${String(reference['reference']).split('/')[0]?.replace('#order', 'ServiceRequest')}` });
    return;
  }
  switch (target['resourceType']) {
    case 'Practitioner':
      walk(target['identifier'], `${path}.identifier`, find, facts, depth);
      facts.push(...[nameOf(target)].filter((name) => name !== '').map((name) => ({ path: `${path}.display`, value: name })));
      break;
    case 'Organization':
    case 'Location':
      for (const member of ['identifier', 'telecom', 'address']) walk(target[member], `${path}.${member}`, find, facts, depth + 1);
      if (own['display'] ?? target['name']) facts.push({ path: `${path}.display`, value: String(own['display'] ?? target['name']) });
      break;
    case 'PractitionerRole':
      walk(target['code'], `${path}.role`, find, facts, depth);
      for (const member of ['practitioner', 'organization']) walk(target[member], path, find, facts, depth + 1);
      break;
    default:
      facts.push({ path, value: `→ ${String(target['resourceType'])}` });
  }
}

function nameOf(practitioner: Json): string {
  const [name] =
    (practitioner['name'] as { text?: string; prefix?: string[]; given?: string[]; family?: string; suffix?: string[] }[]) ?? [];
  if (!name) return '';
  return name.text ?? [...(name.prefix ?? []), ...(name.given ?? []), name.family ?? '', ...(name.suffix ?? [])].filter(Boolean).join(' ');
}

/** What one side says and the other does not. */
export interface Difference {
  readonly side: 'ours' | 'theirs';
  readonly path: string;
  readonly value: string;
  /** What the other side has at the same place, and this one has not. Empty: this side only says more. */
  readonly instead: readonly string[];
}

/** Resources of a type and code are compared in order; one that the other side does not have at all is one difference. */
export function differences(ours: ReadonlyMap<string, readonly Fact[]>, theirs: ReadonlyMap<string, readonly Fact[]>): Difference[] {
  const found: Difference[] = [];
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const [type = ''] = key.split(' ');
    const [a, b] = [ours.get(key), theirs.get(key)];
    if (a === undefined || b === undefined) {
      found.push({ side: a ? 'ours' : 'theirs', path: type, value: 'the resource', instead: [] });
      continue;
    }
    found.push(...less(a, b, 'ours'), ...less(b, a, 'theirs'));
  }
  return found;
}

function less(these: readonly Fact[], those: readonly Fact[], side: Difference['side']): Difference[] {
  const others = without(those, these);
  return without(these, those).map((fact) => ({
    side,
    ...fact,
    instead: others.filter(({ path }) => path === fact.path).map(({ value }) => value),
  }));
}

function without(these: readonly Fact[], those: readonly Fact[]): Fact[] {
  const rest = new Map<string, number>();
  const key = ({ path, value }: Fact) => JSON.stringify([path, value]);
  for (const fact of those) rest.set(key(fact), (rest.get(key(fact)) ?? 0) + 1);
  return these.filter((fact) => {
    const n = rest.get(key(fact)) ?? 0;
    if (n > 0) rest.set(key(fact), n - 1);
    return n === 0;
  });
}
