import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/services/machine/port.ts';
import type { Peer } from '../contract/peer.ts';
import type { Task } from '../contract/task.ts';
import type { Cluster } from '../runner/cluster.ts';
import { PeerProcess } from '../runner/peer-process.ts';
import type { Listener, RunningListener } from './listener.ts';

/** A peer's listener in a process of its own, its topic made before it starts. */
export async function listenerProcess(listener: Listener, cluster: Cluster, brokers: readonly string[]): Promise<RunningListener> {
  const [port, scratch] = [await freePort(), mkdtempSync(join(tmpdir(), 'aorta-bench-'))];
  const topic = `mllp-${listener.name}`;
  await cluster.create(topic, 12);
  const child = join(import.meta.dirname, 'child.ts');
  const { command, args, env } = (await listener.launch?.()) ?? { command: process.execPath, args: [child, listener.name], env: {} };
  const peer: Peer = {
    name: listener.name,
    what: listener.what,
    guarantee: 'acknowledged is in Kafka',
    work: [],
    versions: listener.versions,
    launch: () => ({ command, args, env: { ...env, BENCH_PORT: String(port) } }),
  };
  const running = await PeerProcess.start(peer, taskOf(listener.name, topic, brokers, scratch));
  try {
    await running.ready();
  } catch (cause) {
    await running.stop();
    throw cause;
  }
  return {
    port,
    topic,
    content: (value) => value,
    usage: () => running.usage(),
    async stop() {
      await running.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** The protocol's variables are those of a consumer; a listener reads its name, brokers, output and port. */
const taskOf = (peer: string, topic: string, brokers: readonly string[], scratch: string): Task => ({
  workload: 'mllp',
  work: 'map',
  peer,
  brokers,
  registryUrl: '',
  databaseUrl: '',
  scratch,
  schemaFile: '',
  name: `mllp-${peer}`,
  input: '',
  outputs: { out: topic },
  partitions: 12,
  patients: 0,
  callMs: [0, 0],
  inFlight: 0,
});
