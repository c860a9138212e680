/** The process of an MLLP listener in TypeScript: `node child.ts <name>`. Keeps to the protocol of peers/README.md. */
import type { Listener } from './listener.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const variable = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: this process is started by the benchmark runner`);
  return value;
};

try {
  const { listener } = (await import(`../peers/mllp/${process.argv[2]}.ts`)) as { listener: Listener };
  const accepting = await listener.start?.({
    name: variable('BENCH_NAME'),
    brokers: variable('BENCH_BROKERS').split(','),
    output: variable('BENCH_OUTPUTS').slice('out='.length),
    port: Number(variable('BENCH_PORT')),
  });
  const end = async (): Promise<void> => {
    await accepting?.close();
    process.exit(0);
  };
  process.stdin
    .setEncoding('utf8')
    .once('data', () => void end())
    .once('end', () => void end());
  say('ready');
} catch (cause) {
  say(`failed ${cause instanceof Error ? (cause.stack ?? cause.message).replaceAll('\n', ' ') : String(cause)}`);
  process.exit(1);
}
