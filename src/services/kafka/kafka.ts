import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execute } from '../machine/command.ts';
import { java } from '../machine/java.ts';
import { mavenFiles } from '../machine/maven.ts';
import { freePort } from '../machine/port.ts';
import { launch } from '../machine/process.ts';
import type { LocalService, StartContext, Started } from '../service.ts';
import { checkKafka } from './check.ts';
import { type KafkaNode, kafkaProperties } from './properties.ts';

const log4j = join(import.meta.dirname, 'log4j2.properties');

/** Apache Kafka, one KRaft node, its jars from Maven Central. */
export const kafka: LocalService = {
  name: 'kafka',
  stopSignal: 'SIGTERM',
  check: checkKafka,
  async start(context: StartContext): Promise<Started> {
    const classpath = await kafkaClasspath(context);
    const node: KafkaNode = {
      id: 1,
      brokerPort: await freePort(context.ports['broker']),
      controllerPort: await freePort(context.ports['controller']),
    };
    return startNode(node, [node], randomUUID(), classpath, context);
  },
};

export async function kafkaClasspath(context: StartContext): Promise<string> {
  const jars = await mavenFiles(join(import.meta.dirname, 'pom.xml'), join(context.dir, 'classpath'), context.say);
  return jars.join(delimiter);
}

/** Starts one node of a cluster; formats its storage the first time. All nodes of a cluster share `clusterUuid`. */
export async function startNode(
  node: KafkaNode,
  nodes: readonly KafkaNode[],
  clusterUuid: string,
  classpath: string,
  context: StartContext,
): Promise<Started> {
  const dataDir = join(context.dir, 'data');
  const config = join(context.dir, 'server.properties');
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(config, kafkaProperties(node, nodes, dataDir));
  const jvm = await java(context.say);
  if (!existsSync(join(dataDir, 'meta.properties'))) {
    context.say('formatting storage');
    const clusterId = Buffer.from(clusterUuid.replaceAll('-', ''), 'hex').toString('base64url');
    // With '=': one id in 64 begins with a dash.
    await execute(jvm, [...quickJvm, '-cp', classpath, 'kafka.tools.StorageTool', 'format', `--cluster-id=${clusterId}`, '-c', config]);
  }
  context.say('starting');
  const mark = await launch({
    command: jvm,
    args: [...serverJvm(node.heapMb ?? 512), `-Dlog4j2.configurationFile=${log4j}`, '-cp', classpath, 'kafka.Kafka', config],
    cwd: context.dir,
    logFile: join(context.dir, 'log'),
  });
  return { url: `127.0.0.1:${node.brokerPort}`, ports: { broker: node.brokerPort, controller: node.controllerPort }, ...mark };
}

const quickJvm = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m', `-Dlog4j2.configurationFile=${log4j}`];
const serverJvm = (heapMb: number): readonly string[] => [
  '-server',
  `-Xms${heapMb}m`,
  `-Xmx${heapMb}m`,
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-Djava.awt.headless=true',
];
