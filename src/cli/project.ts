import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The project the verbs work on: the folder we are in when it has topologies, else Aorta's own. */
export function projectRoot(): string {
  return existsSync(join(process.cwd(), 'topologies')) ? process.cwd() : resolve(import.meta.dirname, '../..');
}
