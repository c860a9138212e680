import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Position } from './operator.ts';

// By folder and not by a `/src/flow/` pattern: a user's own project may well have such a folder.
const ours = fileURLToPath(new URL('.', import.meta.url)).replace(/[\\/]$/, '') + sep;

/** The first stack frame outside this folder: where the user wrote the operator. */
export function callerPosition(): Position | undefined {
  for (const line of new Error().stack?.split('\n').slice(1) ?? []) {
    const match = /((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/]).*?):(\d+):(\d+)\)?$/.exec(line);
    if (!match?.[1]) continue;
    const file = match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1];
    if (!file.startsWith(ours)) return { file, line: Number(match[2]), column: Number(match[3]) };
  }
  return undefined;
}

export const atPosition = (position: Position | undefined): string =>
  position ? `${position.file}:${position.line}:${position.column}` : '(unknown position)';
