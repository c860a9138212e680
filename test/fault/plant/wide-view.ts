/**
 * Loaded into the product with `--import`: for readers that ask with `X-Wide`, each event of the live stream has a comment
 * of 256 KB before it, as if a site had hundreds of flows. The kernel takes 4 MB for a reader on loopback: with the events
 * of one flow it would be behind after an hour.
 */
import { ServerResponse } from 'node:http';

const comment = `: ${'wide '.repeat(52_000)}\n\n`;
const write = ServerResponse.prototype.write;
ServerResponse.prototype.write = function (this: ServerResponse, ...parameters: Parameters<typeof write>) {
  const text: unknown = parameters[0];
  const wide = typeof text === 'string' && text.startsWith('event: flows') && this.req.headers['x-wide'] !== undefined;
  if (wide) write.call(this, comment, 'utf8');
  return write.apply(this, parameters);
} as typeof write;
