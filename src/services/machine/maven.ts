import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { execute, need, which } from './command.ts';

// Maven 3's local repository is not safe for two writers.
let queue: Promise<unknown> = Promise.resolve();

/**
 * Resolves the dependencies of `pom` and returns their files in Maven's local repository.
 * The answer is kept in `cacheFile` and asked for again only when the pom is newer or a file has gone.
 */
export function mavenFiles(pom: string, cacheFile: string, say: Say): Promise<readonly string[]> {
  return inTurn(() => resolveFiles(pom, cacheFile, say));
}

/**
 * Copies one artifact (`group:name:version:type:classifier`) into `dir`. Plugin 2.8 on purpose: later ones also
 * read the artifact's parent pom, which Apicurio does not publish.
 */
export function mavenCopy(artifact: string, dir: string, say: Say): Promise<void> {
  return inTurn(async () => {
    say(`fetching ${artifact.split(':')[1]} (Maven; the first time downloads it)`);
    await mvn(
      ['org.apache.maven.plugins:maven-dependency-plugin:2.8:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${dir}`],
      dir,
      say,
    );
  });
}

type Say = (line: string) => void;

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = queue.then(work);
  queue = turn.catch(() => undefined);
  return turn;
}

async function mvn(args: readonly string[], cwd: string, say: Say): Promise<void> {
  const maven = await need('Maven (mvn)', 'maven', () => which('mvn'), say);
  await execute(maven, ['-q', '-B', '-Dstyle.color=never', ...args], { cwd });
}

async function resolveFiles(pom: string, cacheFile: string, say: Say): Promise<readonly string[]> {
  const cached = readCache(pom, cacheFile);
  if (cached !== undefined) return cached;
  say('resolving jars (Maven; the first time downloads them)');
  mkdirSync(dirname(cacheFile), { recursive: true });
  const fresh = `${cacheFile}.new`;
  await mvn(['-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${fresh}`], dirname(cacheFile), say);
  const text = readFileSync(fresh, 'utf8').trim();
  writeFileSync(cacheFile, text);
  return text.split(delimiter);
}

function readCache(pom: string, cacheFile: string): readonly string[] | undefined {
  if (!existsSync(cacheFile) || statSync(cacheFile).mtimeMs < statSync(pom).mtimeMs) return undefined;
  const files = readFileSync(cacheFile, 'utf8').trim().split(delimiter);
  return files.every((file) => existsSync(file)) ? files : undefined;
}
