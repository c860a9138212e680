/** The process of one peer in one round: `node child.ts <task as JSON>`. Talks to the runner over IPC. */
import type { FromChild, RunningPeer, Task, ToChild } from './task.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
const tell = (message: FromChild): void => void process.send?.(message);

function usage(): FromChild {
  const { user, system } = process.cpuUsage();
  return { kind: 'usage', cpuSeconds: (user + system) / 1e6, peakRssMb: process.resourceUsage().maxRSS / 1024 };
}

let running: RunningPeer | undefined;
process.on('message', async (message: ToChild) => {
  if (message.kind === 'usage') return tell(usage());
  await running?.stop();
  process.exit(0);
});
// The runner is gone: nobody measures any more.
process.on('disconnect', () => process.exit(1));

try {
  // One peer's modules only: a peer is not to pay for the memory of another.
  const { peer } = (await import(`./peers/${task.peer}.ts`)) as { peer: { start(task: Task): Promise<RunningPeer> } };
  running = await peer.start(task);
  tell({ kind: 'started' });
} catch (cause) {
  tell({ kind: 'failed', problem: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
  process.exit(1);
}
