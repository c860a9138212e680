import { type ErrorSpec, errorTable } from '../../errors/index.ts';
import { unknown } from '../run-parameters.ts';
import { command, jsonFlag, print, printJson } from '../verb.ts';

const table: Readonly<Record<string, ErrorSpec>> = errorTable;

/** What the engine does with a failure of each class. */
const treatment: Readonly<Record<ErrorSpec['class'], string>> = {
  Decode: 'the bytes are wrong and stay wrong: parked, or a dead letter in a tolerant flow',
  Permanent: 'trying again does not help: parked, or a dead letter in a tolerant flow',
  Transient: 'tried again up the retry ladder, then parked',
  Overload: 'tried again, not before the other side said; the sender slows down',
  Fenced: 'another worker owns the partition now; this turn had no effect',
  Cancelled: 'stopped before its end, without effect',
  Defect: 'a bug of the flow or of Aorta: parked, please report it',
};

export const verb = command({
  docs: {
    brief: 'Explain an error code, offline',
    fullDescription: `Example:
  aorta explain AORTA_SVC_002

Exit codes: 0 explained, 1 no such code.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'The code', parse: String, placeholder: 'code' }] },
    flags: { json: jsonFlag },
  },
  run: async (flags: { json: boolean }, code: string) => {
    const known = code.toUpperCase();
    const spec = table[known];
    if (spec === undefined) throw unknown('error code', code, nearest(known));
    if (flags.json) return printJson({ code: known, ...spec, treatment: treatment[spec.class] });
    print(`${known}  ${spec.class}: ${treatment[spec.class]}`);
    print(`  ${spec.message}`);
    print(`  What to do: ${spec.remedy}`);
  },
});

/** The codes of the same area; all areas when there is none. */
function nearest(code: string): readonly string[] {
  const area = code.slice(0, code.lastIndexOf('_') + 1);
  const same = Object.keys(table).filter((other) => area !== '' && other.startsWith(area));
  return same.length > 0 ? same : [...new Set(Object.keys(table).map((other) => other.replace(/\d+$/, '…')))];
}
