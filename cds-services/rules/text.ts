import type { CodeableConcept } from 'aorta/fhir';

/** A concept as a person reads it, for the text of cards: short, on one line, without markup. */
export function named(concept: CodeableConcept | undefined): string {
  const text = concept?.text ?? concept?.coding?.find(({ display }) => display)?.display ?? concept?.coding?.[0]?.code ?? 'unnamed';
  return plain(text);
}

/** What came from outside is data: it can neither make a link nor a second line in a card (GFM). */
export function plain(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const cut = line.length > 80 ? `${line.slice(0, 79)}…` : line;
  return cut.replace(/[\\`*_{}[\]<>()#+!|~:@]/g, '\\$&');
}

/** A summary has less than 140 characters, and no markup. */
export function summary(text: string): string {
  const line = text.replace(/\\([^\w\s])/g, '$1');
  return [...line].length < 140 ? line : `${[...line].slice(0, 138).join('')}…`;
}

export const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
