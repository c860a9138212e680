import type { Delimiters } from '../delimiters.ts';
import { escapeText } from '../escape.ts';

/** What configuration may write into a message: it is the same in every charset. */
export const isPlain = (text: string): boolean => /^[\x20-\x7e]+$/.test(text);

/** Plain text as it stands in a message; undefined where the message cannot hold it (a separator, and no escape character). */
export function written(text: string, d: Delimiters): string | undefined {
  if (d.escape !== 0) return escapeText(text, d);
  const separators = [d.field, d.component, d.repetition, d.subcomponent];
  for (let at = 0; at < text.length; at++) if (separators.includes(text.charCodeAt(at))) return undefined;
  return text;
}
