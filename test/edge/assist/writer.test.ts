import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { EventWriter } from '../../../src/edge/assist/writer.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

/** A connection that takes nothing until it is told to. */
class Connection extends Writable {
  readonly taken: string[] = [];
  #waiting: (() => void)[] = [];
  open = false;

  constructor() {
    super({ highWaterMark: 100, decodeStrings: false });
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.taken.push(chunk);
    if (this.open) done();
    else this.#waiting.push(done);
  }

  take(): void {
    this.open = true;
    for (const done of this.#waiting.splice(0)) done();
  }

  stall(): void {
    this.open = false;
  }
}

function opened() {
  const clock = new VirtualClock();
  const connection = new Connection();
  const left: string[] = [];
  const options = { clock, keepAliveMs: 15_000, stallMs: 30_000, backlog: 1_000 };
  const writer = new EventWriter(connection, { ...options, left: (why) => left.push(why) });
  return { clock, connection, left, writer };
}
const soon = () => new Promise((resolve) => setImmediate(resolve));

test('what a connection does not take waits here, in order, and goes on when it drains', async () => {
  const { connection, writer, left } = opened();
  for (let n = 0; n < 10; n++) writer.write(`${n}`.repeat(50));
  assert.ok(connection.writableLength <= 150, 'not in the buffer of the connection');
  writer.end();
  connection.take();
  await soon();
  await soon();
  assert.equal(connection.taken.join(''), Array.from({ length: 10 }, (_, n) => `${n}`.repeat(50)).join(''));
  assert.ok(connection.writableEnded);
  assert.deepEqual(left, []);
});

test('a client that takes nothing for 30 s is dropped; one that takes something in time is not', async () => {
  const { clock, connection, writer, left } = opened();
  writer.write('x'.repeat(120));
  await clock.advance(29_999);
  connection.take();
  await soon();
  connection.stall();
  writer.write('x'.repeat(120));
  await clock.advance(29_999);
  assert.deepEqual(left, []);
  await clock.advance(1);
  assert.deepEqual([left, connection.destroyed], [['stalled'], true]);
});

test('a client that is behind by more than the backlog is dropped at once', async () => {
  const { connection, writer, left } = opened();
  for (let n = 0; n < 10; n++) writer.write('x'.repeat(100));
  assert.deepEqual([left, connection.destroyed], [[], false]);
  writer.write('y');
  assert.deepEqual([left, connection.destroyed], [['backlog'], true]);
});

test('an idle connection gets a comment every 15 s; a stalled one gets none', async () => {
  const { clock, connection, writer } = opened();
  connection.take();
  await clock.advance(45_000);
  assert.equal(connection.taken.filter((each) => each === ': keep-alive\n\n').length, 3);
  connection.stall();
  writer.write('x'.repeat(120));
  await clock.advance(29_000);
  assert.equal(connection.taken.filter((each) => each === ': keep-alive\n\n').length, 3);
});

test('a client that does not take the end of an answer is dropped after 30 s, too; one that takes it holds no timer', async () => {
  const idle = opened();
  idle.writer.write('last');
  idle.writer.end();
  await idle.clock.advance(29_000);
  assert.equal(idle.connection.destroyed, false);
  await idle.clock.advance(2_000);
  assert.deepEqual([idle.connection.destroyed, idle.left], [true, ['stalled']]);
  const good = opened();
  good.connection.open = true;
  good.writer.write('last');
  good.writer.end();
  await soon();
  await good.clock.advance(60_000);
  assert.deepEqual([good.connection.taken, good.left], [['last'], []]);
});
