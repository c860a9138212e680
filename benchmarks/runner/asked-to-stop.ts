import type { Readable } from 'node:stream';

/**
 * Stops when the runner asks: a line `stop`. The runner closes the input with it, so that end means nothing then: a worker
 * that took it for a reason to exit would never leave its group, and the others would wait for its session. The end alone:
 * the runner is gone, and nobody measures any more.
 */
export function whenAskedToStop(input: Readable, stop: () => Promise<void>, exit: (code: number) => void): void {
  let asked = false;
  input.setEncoding('utf8').on('data', (text) => {
    if (asked || !String(text).includes('stop')) return;
    asked = true;
    void stop().then(() => exit(0));
  });
  input.on('end', () => {
    if (!asked) exit(1);
  });
}
