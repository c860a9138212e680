import { type Snapshot, smallState } from './actor-cell.ts';

const blockBits = 14;
const blockBytes = 1 << blockBits;
const inBlock = blockBytes - 1;
/** Above it a patient is not kept here. */
const mostBytes = blockBytes / 4;
/** Room of a patient: an eighth more than he needs, in steps. A state that grows a little stays in its place. */
const roomFor = (size: number): number => Math.ceil((size + (size >> 3)) / step) * step;
const step = 32;
/** The entry's room and the length of its key; then the key, and for each store version, length and text. */
const headBytes = 8;
const cellBytes = 8;
const none = -1;
/** Of the index in V8's heap, a patient with a key of 26 characters: measured 134 with 350,000 of them. */
const indexBytes = 128;

interface Block {
  readonly memory: Buffer;
  used: number;
}

/**
 * Small states of patients who have nothing queued, as bytes outside V8's heap: kept as objects or strings, each becomes old
 * garbage with the patient's next turn, and collecting that costs more than reading the state from the store. A patient who
 * comes back writes over his own place. When the bytes are used up, the block that was begun first goes, with all its patients.
 */
export class IdleStates {
  readonly #maxBytes: () => number;
  /** Where a patient is: `block * blockBytes + offset`, or the complement of it while he is taken. */
  readonly #places = new Map<string, number>();
  #blocks: Block[] = [];
  /** The block that is filled. */
  #current = 0;

  /** `maxBytes` may change with the partitions; one block is kept in any case. */
  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes;
  }

  /** Patients that may be taken, and those that are. */
  get size(): number {
    return this.#places.size;
  }

  /** With the index. */
  get bytes(): number {
    return this.#blocks.length * blockBytes + this.#places.size * indexBytes;
  }

  /** False: they are too large for here, or a version is. */
  set(key: string, states: readonly Pick<Snapshot, 'text' | 'version'>[]): boolean {
    // What UTF-8 cannot say would not be found again under its name.
    if (!key.isWellFormed()) return false;
    const keyBytes = Buffer.byteLength(key);
    let size = headBytes + keyBytes;
    for (const { text, version } of states) {
      if ((text !== null && text.length > smallState) || version !== (version | 0)) return false;
      size += cellBytes + (text === null ? 0 : Buffer.byteLength(text));
    }
    if (size > mostBytes) return false;
    const known = this.#places.get(key);
    let place = known !== undefined && known < 0 ? ~known : known;
    if (place === undefined || size > this.#roomAt(place)) place = this.#append(key, keyBytes, size);
    this.#places.set(key, place);
    const { memory } = this.#blocks[place >> blockBits] as Block;
    let at = (place & inBlock) + headBytes + keyBytes;
    for (const { text, version } of states) {
      at = memory.writeInt32LE(version, at);
      const length = text === null ? none : memory.write(text, at + 4, 'utf8');
      memory.writeInt32LE(length, at);
      at += 4 + Math.max(0, length);
    }
    return true;
  }

  /** He is needed again: until the next `set` there is nothing of him here. */
  take(key: string, stores: number): Snapshot[] | undefined {
    const place = this.#places.get(key);
    if (place === undefined || place < 0) return undefined;
    this.#places.set(key, ~place);
    const { memory } = this.#blocks[place >> blockBits] as Block;
    const head = place & inBlock;
    let at = head + headBytes + memory.readInt32LE(head + 4);
    const states: Snapshot[] = [];
    for (let i = 0; i < stores; i++) {
      const version = memory.readInt32LE(at);
      const length = memory.readInt32LE(at + 4);
      at += cellBytes;
      states.push({ text: length === none ? null : memory.toString('utf8', at, at + length), version });
      at += Math.max(0, length);
    }
    return states;
  }

  clear(): void {
    this.#places.clear();
    this.#blocks = [];
    this.#current = 0;
  }

  #roomAt(place: number): number {
    return (this.#blocks[place >> blockBits] as Block).memory.readInt32LE(place & inBlock);
  }

  #append(key: string, keyBytes: number, size: number): number {
    const room = roomFor(size);
    const block = this.#blockFor(room);
    const at = block.used;
    block.used += room;
    block.memory.writeInt32LE(room, at);
    block.memory.writeInt32LE(keyBytes, at + 4);
    block.memory.write(key, at + headBytes, 'utf8');
    return this.#current * blockBytes + at;
  }

  #blockFor(room: number): Block {
    const current = this.#blocks[this.#current];
    if (current && current.used + room <= blockBytes) return current;
    const most = Math.max(1, Math.floor((this.#maxBytes() - this.#places.size * indexBytes) / blockBytes));
    while (this.#blocks.length > most) {
      this.#empty(this.#blocks.length - 1);
      this.#blocks.pop();
    }
    if (this.#blocks.length < most) {
      this.#current = this.#blocks.length;
      const block = { memory: Buffer.allocUnsafeSlow(blockBytes), used: 0 };
      this.#blocks.push(block);
      return block;
    }
    this.#current = (this.#current + 1) % most;
    this.#empty(this.#current);
    return this.#blocks[this.#current] as Block;
  }

  /** Its patients are forgotten, except those who have moved to another block. */
  #empty(number: number): void {
    const block = this.#blocks[number] as Block;
    for (let at = 0; at < block.used; ) {
      const from = at + headBytes;
      const key = block.memory.toString('utf8', from, from + block.memory.readInt32LE(at + 4));
      const place = number * blockBytes + at;
      const known = this.#places.get(key);
      if (known === place || known === ~place) this.#places.delete(key);
      at += block.memory.readInt32LE(at);
    }
    block.used = 0;
  }
}
