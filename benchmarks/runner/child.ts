/** The process of a peer in TypeScript: `node child.ts`. Keeps to the protocol of peers/README.md, as peers of other languages do. */
import { loadPeer } from '../contract/peers.ts';
import { taskFrom } from '../contract/task.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  const task = taskFrom(process.env);
  // One peer's modules only: a peer is not to pay for the memory of another.
  const peer = await loadPeer(task.peer);
  if (!('start' in peer)) throw new Error(`${peer.name} is not in TypeScript`);
  const running = await peer.start(task);
  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    await running.stop();
    process.exit(0);
  };
  // A line `stop`, or the end of the input: then the runner is gone and nobody measures any more.
  process.stdin.setEncoding('utf8').on('data', (text) => {
    if (String(text).includes('stop')) void end();
  });
  process.stdin.on('end', () => process.exit(ending ? undefined : 1));
  say('ready');
} catch (cause) {
  const problem = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  say(`failed ${problem.replaceAll('\n', ' ')}`);
  process.exit(1);
}
