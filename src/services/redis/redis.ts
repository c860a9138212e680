import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { need, which } from '../machine/command.ts';
import { freePort } from '../machine/port.ts';
import { launch } from '../machine/process.ts';
import type { LocalService, StartContext, Started } from '../service.ts';
import { ask } from '../socket.ts';

/** The system's redis-server, nothing kept on disk: for Aorta it is a cache, never the guarantee. */
export const redis: LocalService = {
  name: 'redis',
  stopSignal: 'SIGTERM',
  check: checkRedis,
  async start(context: StartContext): Promise<Started> {
    const server = await need('redis-server', 'redis-server', () => which('redis-server'), context.say);
    const port = await freePort(context.ports['redis']);
    const data = join(context.dir, 'data');
    mkdirSync(data, { recursive: true });
    context.say('starting');
    const mark = await launch({
      command: server,
      args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', data, '--save', '', '--appendonly', 'no', '--daemonize', 'no'],
      cwd: data,
      logFile: join(context.dir, 'log'),
    });
    return { url: `redis://127.0.0.1:${port}`, ports: { redis: port }, ...mark };
  },
};

/** PING; a server that wants a password or TLS has answered too, which is all that is asked here. */
async function checkRedis(url: string): Promise<void> {
  const { hostname, port, protocol } = new URL(url);
  if (protocol === 'rediss:') return ask(`${hostname}:${port || '6379'}`, Buffer.from([0x15, 3, 1, 0, 2, 1, 0]), () => undefined);
  await ask(`${hostname}:${port || '6379'}`, Buffer.from('PING\r\n'), (answer) => {
    if (!/^(\+PONG|-NOAUTH)/.test(answer.toString())) throw new Error(`PING answered ${answer.toString().trim().slice(0, 60)}`);
  });
}
