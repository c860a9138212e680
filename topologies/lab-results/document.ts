import { contentTypeOf, part, type V2Field } from 'aorta/fhir';
import type { Element } from 'aorta/hl7';

/** A document inside a result (OBX-5 of type ED): its bytes as they were before the sender encoded them. */
export interface Document {
  readonly data: Buffer;
  readonly contentType: string;
  readonly title: string | undefined;
}

/** The documents of OBX-5; repetitions without data give none. `code` is OBX-3. */
export function documentsIn(field: Element, code: V2Field | undefined): Document[] {
  const title = part(code?.[0], 2) ?? part(code?.[0], 5) ?? part(code?.[0], 1);
  return field.repetitions().flatMap((ed) => {
    const [kind, subtype, encoding] = [2, 3, 4].map((n) => ed.component(n).text?.trim() || undefined);
    const found = bytesOf(ed.component(5), encoding?.toUpperCase());
    if (!found || found.data.length === 0) return [];
    const contentType = magicOf(found.data) ?? (found.asSent ? 'text/plain' : contentTypeOf(kind, subtype)) ?? 'application/octet-stream';
    return [{ data: found.data, contentType, title }];
  });
}

/** ED.5 by ED.4 (table 0299). What is not in its encoding is kept as it was sent. */
function bytesOf(data: Element, encoding: string | undefined): { readonly data: Buffer; readonly asSent: boolean } | undefined {
  if (data.state !== 'value') return undefined;
  const { raw } = data;
  // Base64 and hex hold no escapes; line breaks are written as one by some senders. Megabytes are not unescaped in vain.
  const text = raw.includes(data.reading.delimiters.escape) ? (data.text ?? '') : raw.toString('latin1');
  if (encoding === 'HEX' && /^[\s\dA-Fa-f]*$/.test(text)) return { data: Buffer.from(text.replace(/\s/g, ''), 'hex'), asSent: false };
  if ((encoding === 'BASE64' || encoding === undefined) && /^[A-Za-z0-9+/_\s-]*={0,2}\s*$/.test(text))
    return { data: Buffer.from(text, 'base64'), asSent: false };
  return { data: Buffer.from(data.text ?? '', 'utf8'), asSent: encoding !== 'A' };
}

const magic: readonly (readonly [start: string, contentType: string])[] = [
  ['25504446', 'application/pdf'],
  ['89504e47', 'image/png'],
  ['ffd8ff', 'image/jpeg'],
  ['47494638', 'image/gif'],
  ['49492a00', 'image/tiff'],
  ['4d4d002a', 'image/tiff'],
  ['7b5c727466', 'application/rtf'],
];

/** "Implementations are not always accurate" (datatypes/ED[Attachment]): what the first bytes plainly are comes first. */
function magicOf(data: Buffer): string | undefined {
  const start = data.toString('hex', 0, 8);
  return magic.find(([bytes]) => start.startsWith(bytes))?.[1];
}
