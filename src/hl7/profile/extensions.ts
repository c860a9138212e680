import type { Message } from '../message.ts';
import { parsePath } from '../path.ts';
import type { ExtensionRule } from './definition.ts';

/** What a Z-segment says of a resource. `text` null: `""`, delete. A dateTime is still in HL7's form. */
export interface ExtensionValue extends Omit<ExtensionRule, 'from'> {
  readonly text: string | null;
}

/** Empty fields say nothing. Where the path names no component it is the first one, as for every coded field. */
export function extensionsOf(message: Message, rules: readonly ExtensionRule[]): ExtensionValue[] {
  try {
    return rules.flatMap((rule) => extensionOf(message, rule) ?? []);
  } catch {
    // AORTA_HL7_013, as below.
    return [];
  }
}

function extensionOf(message: Message, { from, ...rule }: ExtensionRule): ExtensionValue | undefined {
  const { component, subcomponent } = parsePath(from);
  const place = message.get(from);
  const element = component === undefined ? place.component(1).subcomponent(1) : subcomponent === undefined ? place.subcomponent(1) : place;
  if (place.state === 'null' || element.state === 'null') return { ...rule, text: null };
  const text = element.text?.trim();
  return text ? { ...rule, text } : undefined;
}

/** Names of Z-segments that are not among those known, in order, once each. Stops at the limit of segments. */
export function unknownSegments(message: Message, known: (name: string) => boolean): string[] {
  const found = new Set<string>();
  try {
    for (const segment of message.segments())
      if (segment.name.startsWith('Z') && message.isNamed(segment) && !known(segment.name)) found.add(segment.name);
  } catch {
    // AORTA_HL7_013: who reads that far says so.
  }
  return [...found];
}
