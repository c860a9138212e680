import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lethal } from '../../src/testing/simulation/lethal.ts';

/** One record ends processes; `r` is in `ends` of them, and in those of `live` that run it yet; worker 9 counts. */
function judged(ends: readonly number[], live: readonly number[], later: (lethal: Lethal) => void = () => {}): boolean {
  const lethal = new Lethal();
  lethal.add('culprit');
  for (const worker of ends) {
    lethal.begins('r', worker);
    lethal.gone(worker);
  }
  for (const worker of live) lethal.begins('r', worker);
  later(lethal);
  lethal.counted(9, 1000);
  return lethal.wronglyParked('r');
}

describe('a record that ended no process and is parked', () => {
  it('is parked rightly where three owners ended in it or run it yet, and one of them lives', () => {
    assert.equal(judged([], [1, 2, 3]), false);
    assert.equal(judged([1], [2, 3]), false);
  });

  it('is parked wrongly where they were fewer', () => {
    assert.equal(judged([], [1, 2]), true);
    assert.equal(judged([1], [2]), true);
    assert.equal(judged([], [1, 1, 1]), true, 'one process');
    assert.equal(judged([1], [2, 9]), true, 'who counts is none of them');
  });

  it('is parked wrongly where it shared more than one end with the one record that makes them', () => {
    assert.equal(judged([1, 2], [3]), true);
    assert.equal(judged([1, 2, 3], []), true);
  });

  it('is parked wrongly where one of the owners that live had the time to take its note back', () => {
    assert.equal(
      judged([1], [2, 3], (lethal) => lethal.ended('r', 3, 400)),
      true,
    );
    assert.equal(
      judged([1], [2, 3], (lethal) => lethal.ended('r', 3, 600)),
      false,
    );
  });

  it('is parked wrongly where one of the owners that ran it has stopped in good order: it left no note', () => {
    assert.equal(
      judged([1], [2, 3], (lethal) => lethal.stopped(3)),
      true,
    );
    assert.equal(
      judged([], [1, 2, 3, 4], (lethal) => lethal.stopped(4)),
      false,
      'the others have it yet',
    );
  });

  it('is parked wrongly where its owners ran it at once at another time than when they were counted', () => {
    const lethal = new Lethal();
    lethal.add('culprit');
    for (const worker of [1, 2, 3]) lethal.begins('r', worker);
    for (const worker of [1, 2, 3]) lethal.ended('r', worker, 10);
    lethal.counted(9, 1000);
    assert.equal(lethal.wronglyParked('r'), true);
  });

  it('may have been in two ends that others made beside its own share', () => {
    const lethal = new Lethal();
    lethal.add('culprit');
    lethal.otherEnds = 1;
    assert.equal(lethal.wronglyParked('r'), true);
    for (const worker of [1, 2]) {
      lethal.begins('r', worker);
      lethal.gone(worker);
    }
    lethal.begins('r', 3);
    lethal.counted(9, 0);
    assert.equal(lethal.wronglyParked('r'), false, 'its share, the other end, and one that lives');
    lethal.otherEnds = 2;
    assert.equal(lethal.wronglyParked('other'), false);
  });
});
