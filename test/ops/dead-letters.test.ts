import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AortaError } from '../../src/errors/index.ts';
import { flow, map, to, topic } from '../../src/index.ts';
import { type LetterFilter, meantDeadLetters, type WaitingLetter, waitingDeadLetters } from '../../src/ops/dead-letters.ts';
import { TestDriver } from '../../src/testing/index.ts';

const numbers = topic<number>('numbers', 'int', { partitions: 2 });
const out = topic<number>('out', 'int', { partitions: 2 });

describe('a dead letter that its worker appended again', () => {
  it('is one that waits and a copy, whichever of them is taken, and a later end of the record is another one', async () => {
    let lost = 0;
    const driver = await TestDriver.start<number>(
      flow('letters', { order: 'tolerant' })
        .from(numbers)
        .pipe(
          map((n: number) => {
            if (n === 1) throw new AortaError('AORTA_TEST', 'Permanent', 'planned');
            return n;
          }),
          to(out),
        ),
      { source: numbers, fault: (call) => (call === 'append' && lost-- > 0 ? 'lost-reply' : 'none') },
    );
    lost = 1;
    await driver.send({ key: 'p', value: 1, eventId: 'event-1' });
    await driver.advance(5000);
    const records = driver.log.all('letters.dlq').flat();
    assert.equal(records.length, 2, 'the reply was lost, the record was not');
    const waiting = async () => {
      const found: WaitingLetter[] = [];
      for await (const each of waitingDeadLetters(driver.log, driver.state, 'letters')) found.push(each);
      return found;
    };
    const [first, second] = await waiting();
    assert.deepEqual([first?.copy, second?.copy], [false, true]);
    assert.equal(first?.end, second?.end);
    const note = { flow: 'letters', eventId: 'event-1', actor: 'me', at: 1, action: 'redrive' as const };
    await driver.state.operations.noteRedrives([{ ...note, id: 'a', letter: first?.letter.id ?? '' }]);
    assert.deepEqual(
      (await waiting()).map(({ letter, copy }) => [letter.id, copy]),
      [[second?.letter.id, true]],
    );
    // It comes back as a new root, and ends as a dead letter again.
    await driver.send({ key: 'p', value: 1, eventId: 'event-1' });
    await driver.advance(1000);
    assert.deepEqual(
      (await waiting()).map(({ copy }) => copy),
      [true, false],
    );
    await driver.stop();
  });
});

describe('a record that ended twice, for two reasons', () => {
  it('is meant with all of its letters by a request for either reason, so that one of them is redriven', async () => {
    let failing: 'Permanent' | 'Decode' = 'Permanent';
    let lost = false;
    const driver = await TestDriver.start<number>(
      flow('letters', { order: 'tolerant' })
        .from(numbers)
        .pipe(
          map((n: number) => {
            if (n < 3) throw new AortaError('AORTA_TEST', n === 1 ? failing : 'Permanent', 'planned');
            return n;
          }),
          to(out),
        ),
      { source: numbers, fault: (call) => (call === 'append' && lost ? 'lost-reply' : 'none') },
    );
    lost = true;
    await driver.send({ key: 'p', value: 1, eventId: 'event-1' });
    await driver.advance(1);
    [lost, failing] = [false, 'Decode'];
    await driver.crash();
    await driver.advance(5000);
    await driver.send({ key: 'q', value: 2, eventId: 'event-2' });
    await driver.advance(5000);
    const meant = async (filter: LetterFilter) => {
      const found: WaitingLetter[] = [];
      for await (const each of meantDeadLetters(driver.log, driver.state, 'letters', filter)) found.push(each);
      return found.map(({ letter, copy }) => `${letter.eventId} ${letter.class}${copy ? ', a copy' : ''}`).sort();
    };
    const first = ['event-1 Decode, a copy', 'event-1 Permanent'];
    assert.deepEqual(await meant({}), [...first, 'event-2 Permanent']);
    assert.deepEqual(await meant({ errorClass: 'Decode' }), first);
    assert.deepEqual(await meant({ errorClass: 'Permanent', key: 'p' }), first);
    assert.deepEqual(await meant({ errorClass: 'Decode', key: 'q' }), []);
    assert.deepEqual(await meant({ errorClass: 'Defect' }), []);
    await driver.stop();
  });

  it('is found in one pass over the topic, before what was found meanwhile, and no further than asked', async () => {
    const driver = await TestDriver.start<number>(flow('letters', { order: 'tolerant' }).from(numbers).pipe(to(out)), { source: numbers });
    const letter = (id: string, errorClass: string) => ({
      ...{ topic: 'letters.dlq', partition: 0, key: 'p', value: null },
      headers: { 'aorta-lane': 'main', 'aorta-event-id': id, 'aorta-source': `numbers/0/${id}`, 'aorta-error-class': errorClass },
    });
    const ends = [
      ['1', 'Permanent'],
      ['2', 'Decode'],
      ['1', 'Decode'],
      ['3', 'Permanent'],
      ['4', 'Decode'],
      ['5', 'Decode'],
    ] as const;
    await driver.log.append(ends.map(([id, errorClass]) => letter(id, errorClass)));
    let reads = 0;
    const log = new Proxy(driver.log, {
      get(of, name) {
        if (name === 'read') reads++;
        const value = Reflect.get(of, name) as unknown;
        return typeof value === 'function' ? value.bind(of) : value;
      },
    });
    const meant = async (most?: number) => {
      const found: string[] = [];
      for await (const each of meantDeadLetters(log, driver.state, 'letters', { errorClass: 'Decode' }, most)) found.push(each.letter.id);
      return found;
    };
    assert.deepEqual(await meant(), ['0-0', '0-1', '0-2', '0-4', '0-5']);
    assert.equal(reads, 1);
    assert.deepEqual(await meant(4), ['0-0', '0-1', '0-2', '0-4']);
    await driver.stop();
  });
});
