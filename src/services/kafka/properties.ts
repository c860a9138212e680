/** One node of a KRaft cluster in which every node is broker and controller at once. */
export interface KafkaNode {
  readonly id: number;
  readonly brokerPort: number;
  readonly controllerPort: number;
  /** Settings that replace or join the ones below. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Megabytes of the JVM's heap. @default 512 */
  readonly heapMb?: number;
}

/** The server.properties of `node` in a cluster of `nodes`, all on loopback. */
export function kafkaProperties(node: KafkaNode, nodes: readonly KafkaNode[], dataDir: string): string {
  const replicas = Math.min(3, nodes.length);
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    // A static voter list, not the dynamic quorum: ports may change between two starts.
    'controller.quorum.voters': nodes.map((n) => `${n.id}@127.0.0.1:${n.controllerPort}`).join(','),
    listeners: `PLAINTEXT://127.0.0.1:${node.brokerPort},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${node.brokerPort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': dataDir,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': Math.max(1, replicas - 1),
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': Math.max(1, replicas - 1),
    // Internal topics of 50 partitions each cost seconds and file handles on a small machine.
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.num.partitions': 4,
    // Index files of 10 MiB each are sparse: on a disk that reads far ahead, the first look into one fills as much memory with zeros,
    // twice for each partition. These hold the entries of 175 MiB of log.
    'log.index.size.max.bytes': 512 * 1024,
    'default.replication.factor': replicas,
    'message.max.bytes': 25 * 1024 * 1024,
    'replica.fetch.max.bytes': 25 * 1024 * 1024,
    'socket.request.max.bytes': 100 * 1024 * 1024,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    // Tests fence and rebalance with short sessions.
    'group.min.session.timeout.ms': 1_000,
  };
  return Object.entries({ ...properties, ...node.settings })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
