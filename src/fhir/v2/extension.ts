import type { DomainResource, Extension } from '../r4.ts';
import { parseDtm, toDateTime } from './datetime.ts';
import { deleteMark, part, type V2Facts, type V2Field } from './field.ts';
import type { MessageDefaults } from './settle.ts';

/** What a source profile reads in a Z-segment. `text` null: deleted by `""`. */
export interface ExtensionSaid {
  readonly of: 'Patient' | 'Encounter';
  readonly url: string;
  readonly type: 'string' | 'code' | 'dateTime';
  readonly text: string | null;
}

const prefix = 'extension:';

/**
 * Extensions as facts beside the message's fields (`extension:<url>` → type, value), so that a flow keeps and deletes
 * them as it does fields. Times get their offset here, as `settle` gives it to fields. What is no dateTime is left out.
 */
export function extensionFacts(said: readonly ExtensionSaid[], of: ExtensionSaid['of'], defaults: MessageDefaults, zone: string): V2Facts {
  const facts: Record<string, V2Field> = {};
  for (const each of said) {
    if (each.of !== of) continue;
    const value = each.text !== null && each.type === 'dateTime' ? dateTime(each.text, defaults, zone) : each.text;
    if (value !== undefined) facts[`${prefix}${each.url}`] = value === null ? [[[deleteMark]]] : [[[each.type], [value]]];
  }
  return facts;
}

function dateTime(text: string, { sentAt, zone: own }: MessageDefaults, zone: string): string | undefined {
  return toDateTime(text, parseDtm(sentAt)?.offset ?? own ?? zone);
}

/** The resource with the extensions among its facts, by URL. */
export function withExtensions<R extends DomainResource>(resource: R, facts: V2Facts): R {
  const found = Object.keys(facts)
    .filter((name) => name.startsWith(prefix))
    .sort()
    .flatMap((name) => extension(name.slice(prefix.length), facts[name]) ?? []);
  return found.length === 0 ? resource : { ...resource, extension: [...(resource.extension ?? []), ...found] };
}

function extension(url: string, field: V2Field | undefined): Extension | undefined {
  const value = part(field?.[0], 2);
  if (value === undefined) return undefined;
  switch (part(field?.[0], 1)) {
    case 'code':
      // FHIR's code has no other white space than single spaces inside.
      return { url, valueCode: value.replace(/\s+/g, ' ') };
    case 'dateTime':
      return { url, valueDateTime: value };
    default:
      return { url, valueString: value };
  }
}
