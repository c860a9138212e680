/** What `npm test` draws from. */
export const defaultSeed = 4711;

/**
 * The seed that properties and other tests with chance in them draw from: one number, so that a run of the tests says the
 * same today as yesterday. `FUZZ_SEED=n` draws others, `FUZZ_SEED=random` others each time.
 *
 * @throws Error when it is neither `random` nor a whole number of 32 bits: another seed than the one meant proves nothing.
 */
export function fuzzSeed(text = process.env['FUZZ_SEED'] ?? ''): number {
  if (text === '') return defaultSeed;
  if (text === 'random') return Math.floor(Math.random() * 2 ** 31);
  const seed = Number(text);
  if (!/^-?\d+$/.test(text) || seed !== (seed | 0)) throw new Error(`FUZZ_SEED must be "random" or a whole number of 32 bits, not ${text}`);
  return seed;
}
