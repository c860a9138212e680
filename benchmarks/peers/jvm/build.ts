import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execute, which } from '../../../src/services/machine/command.ts';
import { findJava } from '../../../src/services/machine/java.ts';
import { withLock } from '../../../src/services/machine/lock.ts';

const here = import.meta.dirname;
const folder = join(here, 'build');
const files = { stamp: join(folder, 'stamp'), classpath: join(folder, 'classpath') };
const schema = join(here, '../../../schemas/hl7-adt.avsc');

/** What runs the programs of this project. */
export interface Jvm {
  readonly java: string;
  readonly classpath: string;
}

let built: Promise<Jvm> | undefined;

/**
 * The JVM programs: compiled once into `build/`, and again when a source, the pom or the schema has changed. The jars stay in
 * Maven's local repository. Rejects with the reason where Java or Maven is missing or the build fails.
 */
export function jvm(): Promise<Jvm> {
  built ??= withLock(folder, build);
  return built;
}

async function build(): Promise<Jvm> {
  const java = findJava();
  if (java === undefined) throw new Error('there is no Java (17 or later) on this machine');
  const stamp = stampOf();
  if (!isBuilt(stamp)) {
    const maven = which('mvn');
    if (maven === undefined) throw new Error('there is no Maven (mvn) on this machine');
    if (which('javac') === undefined && process.env['JAVA_HOME'] === undefined) throw new Error('there is no JDK (javac) on this machine');
    mkdirSync(folder, { recursive: true });
    const goals = ['compile', 'dependency:build-classpath', `-Dmdep.outputFile=${files.classpath}`];
    await execute(maven, ['-q', '-B', '-Dstyle.color=never', '-f', join(here, 'pom.xml'), `-Dbuild.dir=${folder}`, ...goals], {
      cwd: folder,
    });
    writeFileSync(files.stamp, stamp);
  }
  return { java, classpath: [join(folder, 'classes'), ...jars()].join(delimiter) };
}

const jars = (): string[] => readFileSync(files.classpath, 'utf8').trim().split(delimiter);

const isBuilt = (stamp: string): boolean =>
  existsSync(files.stamp) && readFileSync(files.stamp, 'utf8') === stamp && jars().every((jar) => existsSync(jar));

/** Of all that the build reads from this checkout. */
function stampOf(): string {
  const hash = createHash('sha256');
  const sources = readdirSync(join(here, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.java'));
  for (const file of [join(here, 'pom.xml'), schema, ...sources.sort().map((name) => join(here, 'src', name))])
    hash.update(`${file}\n`).update(readFileSync(file));
  return hash.digest('hex');
}

/** The exact versions in the pom, by property: `kafka`, `avro`, `parallel-consumer`, `hapi`. */
export function pinned(...names: readonly string[]): Record<string, string> {
  const pom = readFileSync(join(here, 'pom.xml'), 'utf8');
  return Object.fromEntries(
    names.map((name) => {
      const version = new RegExp(`<${name}\\.version>([^<]+)<`).exec(pom)?.[1];
      if (version === undefined) throw new Error(`the pom pins no ${name}`);
      return [name, version];
    }),
  );
}
