import { resolve } from 'node:path';
import { error } from '../errors/index.ts';
import { execute, which } from './machine/command.ts';
import type { ServiceName } from './service.ts';

const composeFile = resolve(import.meta.dirname, '../../docker-compose.yml');

/** Where docker-compose.yml publishes each service. */
export const composeUrls: Readonly<Record<ServiceName, string>> = {
  kafka: '127.0.0.1:19092',
  registry: 'http://127.0.0.1:18080/apis/ccompat/v7',
  redis: 'redis://127.0.0.1:16379',
  postgres: 'postgres://aorta@127.0.0.1:15432/aorta',
};

// Two `docker compose up` of one project at once race for its network.
let queue: Promise<unknown> = Promise.resolve();

/** Starts one service of docker-compose.yml and waits for its health check. */
export function composeUp(name: ServiceName, say: (line: string) => void): Promise<void> {
  const turn = queue.then(async () => {
    say('starting with Docker Compose (the first time pulls the image)');
    await compose(['up', '--detach', '--wait', name]);
  });
  queue = turn.catch(() => undefined);
  return turn;
}

export async function composeDown(purge: boolean): Promise<void> {
  await compose(['down', ...(purge ? ['--volumes'] : [])]);
}

/** Docker's own verdict on docker-compose.yml; undefined when it has no compose plugin to ask. */
export async function composeConfig(): Promise<string | undefined> {
  return which('docker') !== undefined && (await hasCompose()) ? compose(['config', '--quiet']) : undefined;
}

async function hasCompose(): Promise<boolean> {
  return execute('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  );
}

async function compose(args: readonly string[]): Promise<string> {
  if (which('docker') === undefined) throw error('AORTA_SVC_007', { problem: 'there is no docker command' });
  if (!(await hasCompose())) throw error('AORTA_SVC_007', { problem: 'the docker command has no compose plugin' });
  try {
    return await execute('docker', ['compose', '--file', composeFile, '--project-name', 'aorta', ...args]);
  } catch (thrown) {
    throw error('AORTA_SVC_007', { problem: (thrown as Error).message }, { cause: thrown });
  }
}
