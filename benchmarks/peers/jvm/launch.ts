import type { Launch } from '../../contract/peer.ts';
import { jvm } from './build.ts';

/** Why the JVM peers cannot run here; builds them the first time. */
export const jvmMissing = (): Promise<string | undefined> =>
  jvm().then(
    () => undefined,
    (cause: Error) => cause.message,
  );

/** A program of `Programs.java`. The collector is chosen for throughput: none of these peers has a large heap. */
export async function jvmLaunch(program: string, ...options: readonly string[]): Promise<Launch> {
  const { java, classpath } = await jvm();
  return { command: java, args: ['-XX:+UseParallelGC', '-Xms512m', '-Xmx1g', ...options, '-cp', classpath, 'aorta.bench.Main', program] };
}
