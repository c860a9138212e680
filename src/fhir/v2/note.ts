import type { Annotation } from '../r4-results.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { compact, first, type V2Facts } from './field.ts';
import { practitioner } from './practitioner.ts';
import { plainText } from './value.ts';

/** The fields of NTE that reach an Annotation. */
export const noteFields: readonly string[] = ['NTE-3', 'NTE-5', 'NTE-6'];

/**
 * NTE segments → Annotations (segments/NTE[Observation]). Senders break one text into many NTE: neighbours that name no
 * author and time of their own are lines of one note.
 */
export function notesFrom(notes: readonly V2Facts[], ctx: MappingContext): Annotation[] {
  const made: Annotation[] = [];
  let open = false;
  for (const facts of notes) {
    const text = (facts['NTE-3'] ?? []).map((line) => plainText(line) ?? '').join('\n');
    const author = facts['NTE-5']?.[0] && practitioner(facts['NTE-5'][0], ctx);
    const said = compact<Omit<Annotation, 'text'>>({ authorReference: author, time: toDateTime(first(facts, 'NTE-6'), ctx.zone) });
    const last = made[made.length - 1];
    if (last && open && said === undefined) last.text += `\n${text}`;
    else made.push({ ...said, text });
    open = true;
  }
  return made.map((note) => ({ ...note, text: note.text.trim() })).filter((note) => note.text !== '');
}
