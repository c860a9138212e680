import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shared } from '../../../src/log/kafka/shared.ts';

/** Questions that are answered by hand. */
function desk() {
  const asked: { readonly key: string; readonly answer: PromiseWithResolvers<number> }[] = [];
  const ask = shared((key) => {
    const answer = Promise.withResolvers<number>();
    asked.push({ key, answer });
    return answer.promise;
  });
  return { ask, asked, answer: (i: number, with_: number) => asked[i]?.answer.resolve(with_) };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('who asks at the same time shares one question, of each key its own', async () => {
  const { ask, asked, answer } = desk();
  const [a, b, other] = [ask('a'), ask('a'), ask('b')];
  await turn();
  assert.deepEqual(
    asked.map(({ key }) => key),
    ['a', 'b'],
  );
  answer(0, 1);
  answer(1, 2);
  assert.deepEqual(await Promise.all([a, b, other]), [1, 1, 2]);
});

test('no answer is older than its question: who asks while one is under way gets the next', async () => {
  const { ask, asked, answer } = desk();
  const early = ask('a');
  await turn();
  const late = [ask('a'), ask('a'), ask('a')];
  await turn();
  assert.equal(asked.length, 1);
  answer(0, 1);
  assert.equal(await early, 1);
  await turn();
  assert.equal(asked.length, 2);
  answer(1, 2);
  assert.deepEqual(await Promise.all(late), [2, 2, 2]);
  const later = ask('a');
  await turn();
  answer(2, 3);
  assert.equal(await later, 3);
});

test('a question that fails fails for those who shared it; the next one is asked all the same', async () => {
  const { ask, asked, answer } = desk();
  const both = [ask('a'), ask('a')];
  await turn();
  const next = ask('a');
  asked[0]?.answer.reject(new Error('away'));
  for (const each of both) await assert.rejects(each, { message: 'away' });
  await turn();
  answer(1, 2);
  assert.equal(await next, 2);
});
