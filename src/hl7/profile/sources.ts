import { createHash } from 'node:crypto';
import { error } from '../../errors/index.ts';
import { type Charset, charsetOf } from '../charset.ts';
import type { Message, ParseOptions } from '../message.ts';
import { universalId } from './authorities.ts';
import { problemsOfProfile } from './check.ts';
import type { EventRule, ExtensionRule, SourceProfile } from './definition.ts';
import { type CompiledField, compileField } from './fields.ts';
import { covers, meet } from './glob.ts';

/** A profile, ready to be applied. */
export interface Source {
  readonly profile: SourceProfile;
  /** `name@version`: what records carry. */
  readonly ref: string;
  /** SHA-256 (hex) of all that changes how messages are read: the profile without its samples. */
  readonly hash: string;
  readonly charset: { readonly charset?: Charset; readonly override?: Charset };
  readonly authorities: ReadonlyMap<string, readonly [id: string, type: string]>;
  readonly identifierTypes: ReadonlyMap<string, string>;
  readonly events: ReadonlyMap<string, readonly EventRule[]>;
  readonly fields: readonly CompiledField[];
  readonly extensions: readonly ExtensionRule[];
}

/** One profile with its versions, the one in force first. `file`: where it was written, for messages. */
export interface SourceVersions {
  readonly file: string;
  readonly versions: readonly SourceProfile[];
}

/** All profiles of a project. */
export interface Sources {
  /** Messages that no profile matches are refused. */
  readonly strict: boolean;
  /** Of all profiles and `strict`: what runs is what was reviewed. */
  readonly hash: string;
  /** Those in force, by name. */
  readonly list: readonly Source[];
  /** The profile of a message's sender (MSH-3, MSH-4). */
  of(header: Message): Source | undefined;
  /**
   * The profile by which a record's message is read: the version that was in force when it came, while the project has
   * it, else the one in force now; none for a record that came without one, or whose profile is gone.
   */
  recorded(ref: string | null): Source | undefined;
  /** For `parse`: charsets by sender. */
  readonly parsing: Pick<ParseOptions, 'bySender'>;
}

const remembered = 1_000;

/** Every fault of the profiles, each with file and key. */
export function problemsOfSources(given: readonly SourceVersions[]): readonly string[] {
  const found = given.flatMap(({ file, versions }) => {
    if (versions.length === 0) return [`${file}: there is no profile in it`];
    const own = versions.flatMap((profile, n) =>
      problemsOfProfile(profile).map((problem) => `${file}: ${versions.length > 1 ? `[${n}].` : ''}${problem}`),
    );
    if (own.length > 0) return own;
    return versions.slice(1).flatMap((profile, n) => {
      const newer = versions[n] as SourceProfile;
      if (profile.name !== newer.name) return [`${file}: [${n + 1}].name: versions of one profile have one name`];
      return profile.version < newer.version
        ? []
        : [`${file}: [${n + 1}].version: expected below ${newer.version}, the newest comes first`];
    });
  });
  if (found.length > 0) return found;
  const inForce = given.flatMap(({ file, versions }) => (versions[0] ? [{ file, profile: versions[0] }] : []));
  return inForce.flatMap((one, n) =>
    inForce.slice(0, n).flatMap((other) => {
      if (one.profile.name === other.profile.name) return [`${one.file}: name: ${one.profile.name} is the name in ${other.file}, too`];
      return isAmbiguous(one.profile.sender, other.profile.sender)
        ? [`${one.file}: sender: a message may match it and ${other.file}, and neither is more specific`]
        : [];
    }),
  );
}

/** Throws AORTA_PROFILE_001 with every fault. */
export function createSources(given: readonly SourceVersions[], options: { readonly strict?: boolean } = {}): Sources {
  const problems = problemsOfSources(given);
  if (problems.length > 0) throw error('AORTA_PROFILE_001', { problem: problems.join('; ') });
  const strict = options.strict ?? false;
  const all = given.map(({ versions }) => versions.map(compile));
  const list = all.flatMap(([newest]) => newest ?? []).sort((a, b) => (a.profile.name < b.profile.name ? -1 : 1));
  const byRef = new Map(all.flat().map((source) => [source.ref, source]));
  const byName = new Map(list.map((source) => [source.profile.name, source]));
  // Senders are few, but who sends may name itself as it likes.
  const known = new Map<string, Source | undefined>();
  const of = (header: Message): Source | undefined => {
    if (list.length === 0) return undefined;
    const [application, facility] = [3, 4].map((n) => nameAt(header, n)) as [string, string];
    const key = `${application}\n${facility}`;
    if (known.has(key)) return known.get(key);
    const matching = list.filter(({ profile: { sender } }) => covers(sender.application, application) && covers(sender.facility, facility));
    const found = matching.find((one) => matching.every((other) => isWithin(one.profile.sender, other.profile.sender)));
    if (known.size >= remembered) known.clear();
    known.set(key, found);
    return found;
  };
  return {
    strict,
    hash: digest([strict, list.map(({ ref, hash }) => [ref, hash])]),
    list,
    of,
    recorded: (ref) => (ref === null ? undefined : (byRef.get(ref) ?? byName.get(ref.slice(0, ref.lastIndexOf('@'))))),
    parsing: list.some(({ profile }) => profile.charset) ? { bySender: (header) => of(header)?.charset } : {},
  };
}

/** No profiles: every message is read by the defaults. */
export const noSources: Sources = createSources([]);

/** Names are matched as bytes (ISO-8859-1): which charset a sender writes in is known only behind this. */
function nameAt(header: Message, n: number): string {
  const raw = header.field('MSH', n).component(1);
  return raw.state === 'value' ? raw.raw.toString('latin1', 0, 256).trim() : '';
}

type Sender = SourceProfile['sender'];
const isWithin = (a: Sender, b: Sender): boolean => covers(b.application, a.application) && covers(b.facility, a.facility);
const isAmbiguous = (a: Sender, b: Sender): boolean =>
  meet(a.application, b.application) && meet(a.facility, b.facility) && isWithin(a, b) === isWithin(b, a);

function compile(profile: SourceProfile): Source {
  const { samples: _, ...reading } = profile;
  const { charset: given } = profile;
  const named = given === undefined ? undefined : charsetOf('default' in given ? given.default : given.override);
  return {
    profile,
    ref: `${profile.name}@${profile.version}`,
    hash: digest(reading),
    charset: given === undefined || named === undefined ? {} : 'default' in given ? { charset: named } : { override: named },
    authorities: new Map(Object.entries(profile.authorities ?? {}).map(([namespace, system]) => [namespace, universalId(system)])),
    identifierTypes: new Map(Object.entries(profile.identifierTypes ?? {})),
    events: new Map(Object.entries(profile.events ?? {}).map(([event, rule]) => [event, Array.isArray(rule) ? rule : [rule as EventRule]])),
    fields: (profile.fields ?? []).map(compileField),
    extensions: Object.values(profile.segments ?? {}).flatMap(({ extensions = [] }) => extensions),
  };
}

/** Keys in order: the same rules, the same digest. */
function digest(value: unknown): string {
  const ordered = (each: unknown): unknown => {
    if (Array.isArray(each)) return each.map(ordered);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(
      Object.entries(each)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, of]) => [key, ordered(of)]),
    );
  };
  return createHash('sha256')
    .update(JSON.stringify(ordered(value)))
    .digest('hex');
}
