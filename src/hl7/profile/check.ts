import { charsetOf } from '../charset.ts';
import { checkZone } from '../zone.ts';
import { eventProblems } from './check-events.ts';
import { fieldProblems } from './check-fields.ts';
import { sampleProblems } from './check-samples.ts';
import { isRecord, type Problems, path, shown, strange } from './check-values.ts';
import type { SourceProfile } from './definition.ts';
import { isPlain } from './text.ts';

const maxName = 40;
const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(value) && value.length <= maxName;
const isUri = (value: unknown): value is string => typeof value === 'string' && /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i.test(value);

type Rule = (value: unknown, key: string, profile: Readonly<Record<string, unknown>>) => Problems;

const rules: Readonly<Record<keyof SourceProfile, Rule>> = {
  name: (value, key) => {
    if (!isName(value)) return [`${key}: expected lower-case letters, digits and dashes (at most ${maxName}), got ${shown(value)}`];
    return value === 'none' ? [`${key}: none is the name for messages that no profile matches`] : [];
  },
  version: (value, key) => (Number.isSafeInteger(value) && (value as number) > 0 ? [] : [`${key}: expected 1, 2, …, got ${shown(value)}`]),
  sender: (value, key) => {
    if (!isRecord(value)) return [`${key}: expected { application, facility }`];
    const parts = ['application', 'facility'].flatMap((part) => {
      const name = value[part];
      const usable =
        typeof name === 'string' && name.length <= 227 && (name === '' || (isPlain(name) && name.trim() === name && !name.includes('|')));
      return usable ? [] : [`${key}.${part}: expected a name in printable ASCII, with * for any characters, got ${shown(name)}`];
    });
    return [...strange(value, ['application', 'facility'], key), ...parts];
  },
  zone: (value, key) => {
    try {
      // Without the colon (+0530) FHIR would not take it.
      if (typeof value !== 'string' || /^[+-]\d{4}$/.test(value)) throw new Error('no zone');
      checkZone(value);
      return [];
    } catch {
      return [`${key}: expected an IANA zone or an offset like +05:30, got ${shown(value)}`];
    }
  },
  charset: (value, key) => {
    if (!isRecord(value) || Object.keys(value).length !== 1) return [`${key}: expected { default } or { override }`];
    const [[kind, name] = ['', '']] = Object.entries(value);
    if (kind !== 'default' && kind !== 'override') return [`${key}.${kind} is not known (known: default, override)`];
    return typeof name === 'string' && charsetOf(name)
      ? []
      : [`${key}.${kind}: ${shown(name)} is no charset of table 0211 that is known here`];
  },
  authorities: (value, key) =>
    !isRecord(value)
      ? [`${key}: expected namespaces with a URI each`]
      : Object.entries(value).flatMap(([namespace, system]) => [
          ...(isPlain(namespace) && namespace.trim() === namespace
            ? []
            : [`${key}: ${shown(namespace)} is no namespace in printable ASCII`]),
          ...(isUri(system) ? [] : [`${key}.${namespace}: expected a URI, got ${shown(system)}`]),
        ]),
  identifierTypes: (value, key) => {
    if (!isRecord(value)) return [`${key}: expected identifier types (CX.5) with a type each`];
    return Object.entries(value).flatMap(([from, to]) => {
      if (typeof to !== 'string' || !/^[A-Za-z0-9]{1,20}$/.test(to))
        return [`${key}.${from}: expected an identifier type such as MR, got ${shown(to)}`];
      return Object.hasOwn(value, to) && value[to] !== to ? [`${key}.${from}: ${to} is itself read as another type`] : [];
    });
  },
  events: eventProblems,
  fields: fieldProblems,
  segments: (value, key) => (isRecord(value) ? segmentProblems(value, key) : [`${key}: expected Z-segments by name`]),
  samples: sampleProblems,
};

const required: readonly (keyof SourceProfile)[] = ['name', 'version', 'sender'];

/** Every problem of a profile, each with its key. */
export function problemsOfProfile(profile: unknown): readonly string[] {
  if (!isRecord(profile)) return ['expected a source profile (defineSourceProfile)'];
  const missing = required.filter((key) => profile[key] === undefined).map((key) => `${key} is missing`);
  const found = Object.entries(profile).flatMap(([key, value]) => {
    const rule = Object.hasOwn(rules, key) ? rules[key as keyof SourceProfile] : undefined;
    if (!rule) return [`${key} is not known (known: ${Object.keys(rules).join(', ')})`];
    return value === undefined ? [] : rule(value, key, profile);
  });
  return [...missing, ...found];
}

function segmentProblems(segments: Readonly<Record<string, unknown>>, key: string): Problems {
  const urls = new Set<string>();
  return Object.entries(segments).flatMap(([name, value]) => {
    const at = `${key}.${name}`;
    if (!/^Z[A-Z0-9]{2}$/.test(name)) return [`${at}: expected the name of a Z-segment, such as ZPI`];
    if (!isRecord(value)) return [`${at}: expected { extensions } or {}`];
    const { extensions = [] } = value;
    if (!Array.isArray(extensions)) return [`${at}.extensions: expected a list`];
    return [
      ...strange(value, ['extensions'], at),
      ...extensions.flatMap((rule, n) => extensionProblems(rule, `${at}.extensions[${n}]`, name, urls)),
    ];
  });
}

function extensionProblems(rule: unknown, at: string, segment: string, urls: Set<string>): Problems {
  if (!isRecord(rule)) return [`${at}: expected { from, of, url, type }`];
  const { from, of, url, type } = rule;
  const found = [...strange(rule, ['from', 'of', 'url', 'type'], at)];
  const place = path(from);
  if (place?.segment !== segment) found.push(`${at}.from: expected a place in ${segment}, such as ${segment}-3.1, got ${shown(from)}`);
  if (of !== 'Patient' && of !== 'Encounter') found.push(`${at}.of: expected Patient or Encounter, got ${shown(of)}`);
  if (type !== 'string' && type !== 'code' && type !== 'dateTime')
    found.push(`${at}.type: expected string, code or dateTime, got ${shown(type)}`);
  if (!isUri(url)) found.push(`${at}.url: expected a URI, got ${shown(url)}`);
  else if (urls.has(`${of} ${url}`)) found.push(`${at}.url: ${url} is used twice`);
  else urls.add(`${of} ${url}`);
  return found;
}
