import { type Draft, isBlank } from './draft.ts';
import { written } from './text.ts';

const fields = [
  ['PID', 2],
  ['PID', 3],
  ['PID', 4],
  ['MRG', 1],
] as const;

/** CX.5 of the patient's numbers, by the profile's list; a number without a type has the type ``. */
export function applyIdentifierTypes(draft: Draft, types: ReadonlyMap<string, string>): void {
  const { message } = draft;
  const d = message.delimiters;
  if (types.size === 0 || d.component === 0) return;
  const [mark, between] = [String.fromCharCode(d.component), String.fromCharCode(d.repetition)];
  const change = (repetition: string): string => {
    const parts = repetition.split(mark);
    if (isBlank(parts[0] ?? '', d) || parts[0] === '""') return repetition;
    const type = types.get((parts[4] ?? '').trim());
    const raw = type === undefined ? undefined : written(type, d);
    if (raw === undefined) return repetition;
    while (parts.length < 5) parts.push('');
    parts[4] = raw;
    return parts.join(mark);
  };
  for (const [name, n] of fields) {
    const segment = message.segment(name);
    if (!segment) continue;
    const raw = draft.field(segment, n);
    if (raw === '') continue;
    const changed = d.repetition === 0 ? change(raw) : raw.split(between).map(change).join(between);
    if (changed !== raw) draft.setField(segment, n, changed);
  }
}
