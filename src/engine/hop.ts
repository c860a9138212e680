import type { HeaderValue } from '../log/port.ts';
import type { Hop } from './offset-tracker.ts';

/** Reads an `aorta-seq` header: `<producer>/<sourcePartition>/<seq>`. Anything else is no hop: the record is just run. */
export function parseHop(value: HeaderValue | undefined): Hop | undefined {
  if (value === undefined) return undefined;
  const text = value.toString();
  const slash = text.lastIndexOf('/');
  if (slash <= 0) return undefined;
  const seq = Number(text.slice(slash + 1));
  return Number.isSafeInteger(seq) && seq >= 0 ? { producer: text.slice(0, slash), seq } : undefined;
}
