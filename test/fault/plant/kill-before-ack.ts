/**
 * Loaded into the product with `--import`: at the n-th MLLP answer that would be written (KILL_BEFORE_ACK=n), the
 * process is killed instead. By then the record is in the log, and no sender knows.
 */
import { Socket } from 'node:net';

const wanted = Number(process.env['KILL_BEFORE_ACK']);
let seen = 0;
const write = Socket.prototype.write;
Socket.prototype.write = function (this: Socket, ...parameters: Parameters<typeof write>) {
  const [bytes] = parameters as [unknown];
  if (bytes instanceof Uint8Array && bytes[0] === 0x0b && ++seen === wanted) process.kill(process.pid, 'SIGKILL');
  return write.apply(this, parameters);
} as typeof write;
