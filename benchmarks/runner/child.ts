/** The process of a peer in TypeScript: `node child.ts`. Keeps to the protocol of peers/README.md, as peers of other languages do. */
import { loadPeer } from '../contract/peers.ts';
import { taskFrom } from '../contract/task.ts';
import { whenAskedToStop } from './asked-to-stop.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  const task = taskFrom(process.env);
  // One peer's modules only: a peer is not to pay for the memory of another.
  const peer = await loadPeer(task.peer);
  if (!('start' in peer)) throw new Error(`${peer.name} is not in TypeScript`);
  const running = await peer.start(task);
  whenAskedToStop(
    process.stdin,
    () => running.stop(),
    (code) => process.exit(code),
  );
  say('ready');
} catch (cause) {
  const problem = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  say(`failed ${problem.replaceAll('\n', ' ')}`);
  process.exit(1);
}
