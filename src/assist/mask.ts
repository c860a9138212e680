import type { HumanName, Patient, Resource } from '../fhir/r4.ts';

type Kind = 'NAME' | 'ID' | 'PHONE' | 'ADDRESS' | 'DATE' | 'MAIL' | 'LINK';

/** Takes what names a person out of texts, and puts it back where a text may show it. */
export interface Mask {
  /** `Anna Muster, born 1950-03-02` becomes `[NAME-1] [NAME-2], born [DATE-1]`. The same value has the same mark. */
  hide(text: string): string;
  /** A mark that was given out; undefined for any other. */
  value(mark: string): string | undefined;
}

const months =
  'jan(?:uary|uar)?|feb(?:ruary|ruar)?|m(?:ar(?:ch)?|ärz)|apr(?:il)?|ma[yi]|june?|juni|july?|juli|aug(?:ust)?|sep(?:t(?:ember)?)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?';

/** What shows a person without being known of one, in the order in which it is looked for. */
const patterns: readonly (readonly [Kind, RegExp])[] = [
  ['LINK', /\b(?:https?|ftp|file|data|javascript):\S+|\bwww\.\S+/gi],
  ['MAIL', /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g],
  ['DATE', /\b\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b/g],
  ['DATE', /\b\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})\b/g],
  ['DATE', new RegExp(`\\b\\d{1,2}(?:st|nd|rd|th|\\.)? +(?:${months})\\.?,? +\\d{4}\\b`, 'gi')],
  ['DATE', new RegExp(`\\b(?:${months})\\.? +\\d{1,2}(?:st|nd|rd|th)?,? +\\d{4}\\b`, 'gi')],
  ['NAME', /\b(?:Dr|Prof|Mr|Mrs|Ms|Miss|Herrn?|Frau)\b\.?(?: +\p{Lu}[\p{L}'’-]+){1,3}/gu],
  ['ID', /\b\d{3}-\d{2}-\d{4}\b/g],
  ['PHONE', /(?<![\w.])(?:\+|00)?\(?\d{2,5}\)?(?:[ /-]\(?\d{2,6}\)?){1,4}(?![\w.]|-\d)/g],
  ['ID', /\b[A-Z]{0,3}\d{6,}\b/g],
];

/** Nine digits, or seven of a number that says that it is one: `119/77` and `3.5 - 5.1` are values. */
const isPhone = (value: string): boolean => value.replace(/\D/g, '').length >= (/^(?:\+|00|\()/.test(value) ? 7 : 9);

const most = 2_000;

/** Made of everything that is known of the patient (at the EHR and here) and of who is around. */
export function createMask(people: readonly Resource[]): Mask {
  const marks = new Map<string, string>();
  const values = new Map<string, string>();
  const counts = new Map<Kind, number>();
  const known = knownOf(people);
  const any =
    known.length === 0
      ? undefined
      : new RegExp(`(?<![\\p{L}\\p{N}])(?:${known.map(([value]) => escaped(value)).join('|')})(?![\\p{L}\\p{N}])`, 'giu');
  const kinds = new Map(known.map(([value, kind]) => [value.toLowerCase(), kind]));

  const mark = (kind: Kind, value: string): string => {
    const key = `${kind} ${value.toLowerCase()}`;
    const there = marks.get(key);
    if (there) return there;
    // A text with more than that is no clinical text: what comes then is taken out for good.
    if (marks.size >= most) return `[${kind}]`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const made = `[${kind}-${count}]`;
    marks.set(key, made);
    values.set(made, value);
    return made;
  };

  return {
    hide(text) {
      // A mark that was in the text before is no mark of ours.
      let hidden = text.normalize('NFC').replace(/\[(?:NAME|ID|PHONE|ADDRESS|DATE|MAIL|LINK)-\d+\]/g, '[removed]');
      if (any) hidden = hidden.replace(any, (value) => mark(kinds.get(value.toLowerCase()) ?? 'NAME', value));
      for (const [kind, pattern] of patterns)
        hidden = outside(hidden, (part) =>
          part.replace(pattern, (value) => (kind === 'PHONE' && !isPhone(value) ? value : mark(kind, value))),
        );
      return hidden;
    },
    value: (given) => values.get(given),
  };
}

/** Applied between the marks: `[DATE-1]` is not looked at again. */
const outside = (text: string, change: (part: string) => string): string =>
  text
    .split(/(\[(?:NAME|ID|PHONE|ADDRESS|DATE|MAIL|LINK)-\d+\])/)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('');

const escaped = (value: string): string => value.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/\s+/g, '\\s+');

/** Longest first, so that a whole address is found before its town. */
function knownOf(people: readonly Resource[]): readonly (readonly [string, Kind])[] {
  const found = new Map<string, Kind>();
  const add = (kind: Kind, value: unknown, least = 2) => {
    if (typeof value !== 'string') return;
    const text = value.normalize('NFC').trim().replace(/\s+/g, ' ');
    if (text.length >= least && !found.has(text)) found.set(text, kind);
  };
  const addName = (name: HumanName | undefined) => {
    for (const text of [name?.text, name?.family, ...(name?.given ?? [])]) {
      add('NAME', text);
      for (const word of text?.split(/[\s-]+/) ?? []) add('NAME', word);
    }
  };
  for (const person of people as readonly Patient[]) {
    add('ID', person.id, 6);
    for (const name of list(person.name)) addName(name);
    for (const { name, telecom, address } of list(person.contact) as Pick<Patient, never>[] &
      { name?: HumanName; telecom?: { value?: string }[]; address?: object }[]) {
      addName(name);
      for (const { value } of list(telecom)) add('PHONE', value, 4);
      addAddress(address);
    }
    for (const { value } of list(person.identifier)) add('ID', value, 3);
    for (const { value } of list(person.telecom)) add('PHONE', value, 4);
    for (const address of list(person.address)) addAddress(address);
    add('DATE', person.birthDate, 4);
  }
  return [...found].sort(([one], [other]) => other.length - one.length);

  function addAddress(address: object | undefined) {
    const { text, line, city, district, postalCode } = (address ?? {}) as Record<string, string> & { line?: string[] };
    for (const each of [text, ...list(line), city, district, postalCode]) add('ADDRESS', each, 3);
  }
}

const list = <T>(value: readonly T[] | undefined): readonly T[] => (Array.isArray(value) ? value : []);
