import { error } from '../../errors/index.ts';
import type { Type } from './type.ts';

const keptBytes = 1 << 20;
let scratch: Buffer = Buffer.allocUnsafeSlow(1 << 16);

/**
 * Avro binary of `value` behind `header`, in a Buffer of exact size. Throws AORTA_SCHEMA_008 that names the field and what
 * it should be, never the value.
 */
export function encode(type: Type, value: unknown, header: Buffer, subject: string): Buffer {
  let end: number;
  try {
    end = type.encode(value, scratch, header.length);
    if (end < 0) {
      // A negative end is the number of missing bytes.
      const larger = Buffer.allocUnsafeSlow(scratch.length - end);
      if (larger.length <= keptBytes) scratch = larger;
      end = type.encode(value, larger, header.length);
      header.copy(larger);
      return larger === scratch ? Buffer.from(larger.subarray(0, end)) : larger.subarray(0, end);
    }
  } catch {
    throw error('AORTA_SCHEMA_008', { subject, problem: misfit(type, value) });
  }
  const bytes = Buffer.allocUnsafe(end);
  header.copy(bytes);
  scratch.copy(bytes, header.length, header.length, end);
  return bytes;
}

/** Which field does not fit, and what it should be. avsc's own message quotes the value: it is not used. */
function misfit(type: Type, value: unknown): string {
  let found: string | undefined;
  try {
    type.isValid(value, {
      errorHook: (path, _value, expected) => {
        const names = path.map((part) => (/^\d+$/.test(part) ? '[]' : part)).join('.');
        found ??= `${names || 'the value'} is not ${described(expected)}`;
      },
    });
  } catch {
    return 'it cannot be checked';
  }
  return found ?? 'it cannot be encoded';
}

function described(type: Type): string {
  if (type.typeName.startsWith('union:'))
    return `one of ${(type as unknown as { types: readonly Type[] }).types.map((branch) => branch.branchName).join(', ')}`;
  return type.name ? `a ${type.typeName} ${type.name}` : `of type ${type.typeName}`;
}
