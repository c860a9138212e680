import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { need, which } from './command.ts';

/** The `java` to run (JAVA_HOME first); Kafka 4 and Apicurio 3 need Java 17 or later. */
export function java(say: (line: string) => void): Promise<string> {
  return need('Java 17 or later', 'default-jre-headless', findJava, say);
}

export function findJava(): string | undefined {
  const home = process.env['JAVA_HOME'];
  const own = home === undefined ? undefined : join(home, 'bin', 'java');
  return own !== undefined && existsSync(own) ? own : which('java');
}
