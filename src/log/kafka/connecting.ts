/**
 * K14. kafkajs's ConnectionPool asks a closed connection to connect once for every request that meets it, and each time
 * Connection opens a socket: requests that come together open as many, of which the connection keeps the last. Nobody
 * closes the others, so the process never ends. Here they wait for the one connection that is being opened.
 *
 * A connection that was cut inside an answer keeps the part of it, and takes the first answer after it is opened anew for the
 * rest: all that follows is cut in the wrong places. The part goes when it is opened.
 */
import { Connection } from './internals.ts';

const original = Connection.prototype.connect;
const opening = new WeakMap<object, Promise<unknown>>();
/** Of an answer: its length. */
const lengthBytes = 4;

type Receiving = { chunks: Buffer[]; bytesBuffered: number; bytesNeeded: number; isConnected(): boolean };

function once(this: Receiving): Promise<unknown> {
  const under = opening.get(this);
  if (under) return under;
  if (!this.isConnected()) Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: lengthBytes });
  const connected = original.call(this as never).finally(() => opening.delete(this));
  opening.set(this, connected);
  return connected;
}

/** Once a process. The result undoes it (for the test that shows the defect). */
export function connectOnce(): () => void {
  Connection.prototype.connect = once as never;
  return () => {
    Connection.prototype.connect = original;
  };
}
