import { ask } from '../socket.ts';

/**
 * Sends a PostgreSQL start-up message (protocol 3.0). An authentication request means ready; "starting up" and
 * "shutting down" (SQLSTATE 57P0x) mean not yet; any other refusal still comes from a server that serves.
 */
export async function checkPostgres(url: string): Promise<void> {
  const { hostname, port, username, pathname } = new URL(url);
  const user = decodeURIComponent(username) || 'postgres';
  const database = decodeURIComponent(pathname.slice(1)) || user;
  const body = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const message = Buffer.alloc(8 + body.length);
  message.writeInt32BE(message.length, 0);
  message.writeInt32BE(196_608, 4);
  body.copy(message, 8);
  await ask(`${hostname}:${port || '5432'}`, message, (answer) => {
    const kind = String.fromCharCode(answer[0] ?? 0);
    if (kind === 'R') return;
    if (kind !== 'E') throw new Error('the answer is not PostgreSQL');
    const text = answer.toString('latin1');
    if (/C57P0/.test(text)) throw new Error('the server is starting up or shutting down');
    if (/C3D000/.test(text)) throw new Error(`database ${database} does not exist`);
  });
}
