/**
 * K14. kafkajs's ConnectionPool asks a closed connection to connect once for every request that meets it, and each time
 * Connection opens a socket: requests that come together open as many, of which the connection keeps the last. Nobody
 * closes the others, so the process never ends. Here they wait for the one connection that is being opened.
 */
import { Connection } from './internals.ts';

const original = Connection.prototype.connect;
const opening = new WeakMap<object, Promise<unknown>>();

function once(this: object): Promise<unknown> {
  const under = opening.get(this);
  if (under) return under;
  const connected = original.call(this).finally(() => opening.delete(this));
  opening.set(this, connected);
  return connected;
}

/** Once a process. The result undoes it (for the test that shows the defect). */
export function connectOnce(): () => void {
  Connection.prototype.connect = once;
  return () => {
    Connection.prototype.connect = original;
  };
}
