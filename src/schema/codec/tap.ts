import { createRequire } from 'node:module';
import { error } from '../../errors/index.ts';

interface Tap {
  readonly buf: Buffer;
  pos: number;
}

const require = createRequire(import.meta.url);

/**
 * Bytes and fixed values of a payload are copied into Node's own pool. avsc 5.7.9 copies them into slabs of 4 KB that it
 * fills with zeros first, a new one every few records: a tenth of the processor time of a flow that only passes 1 KB on.
 * Still a copy: a handler that changes its value must not change the record that a retry reads again.
 */
export function copyFromPool(): void {
  const { Tap } = require('avsc/lib/utils.js') as {
    Tap?: { prototype: { readFixed?: (this: Tap, length: number) => Buffer | undefined } };
  };
  if (typeof Tap?.prototype.readFixed !== 'function') throw error('AORTA_SCHEMA_011', { problem: 'its Tap has no readFixed' });
  Tap.prototype.readFixed = function (length) {
    const start = this.pos;
    this.pos += length;
    if (length < 0 || this.pos > this.buf.length) return undefined;
    const own = Buffer.allocUnsafe(length);
    this.buf.copy(own, 0, start, this.pos);
    return own;
  };
}
