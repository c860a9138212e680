import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Test files that use fast-check, by themselves or through another file below test/. */
export function fuzzed(): readonly string[] {
  const known = new Map<string, boolean>();
  const uses = (file: string): boolean => {
    const found = known.get(file);
    if (found !== undefined) return found;
    // Files that import each other come back here.
    known.set(file, false);
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const imported = [...text.matchAll(/(?:\bfrom|\bimport\(?)\s*'([^']+)'/g)].map(([, name]) => name as string);
    const below = imported.filter((name) => name.startsWith('.')).map((name) => join(dirname(file), name));
    const result = imported.includes('fast-check') || below.some((each) => each.startsWith('test/') && uses(each));
    known.set(file, result);
    return result;
  };
  return globSync('test/**/*.test.ts').sort().filter(uses);
}

/** What the spec reporter says at its end about tests that failed. */
export function failures(output: string): string {
  const at = output.lastIndexOf('failing tests:');
  return at < 0 ? output.slice(-4000) : output.slice(output.lastIndexOf('\n', at) + 1, at + 20_000);
}

/** Files of the tests that failed. */
export const failedFiles = (output: string): readonly string[] => [
  ...new Set([...failures(output).matchAll(/^test at (test\/\S+?\.ts):\d+:\d+/gm)].map(([, file]) => file as string)),
];
