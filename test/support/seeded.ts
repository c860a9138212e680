/**
 * Loaded before every test file: properties draw from the seed of `FUZZ_SEED`. One that says its own seed keeps it. What
 * fails is reported by fast-check with its seed and path.
 */
import { isMainThread } from 'node:worker_threads';
import { fuzzSeed } from './seed.ts';

// Threads of the product load this too, and have no properties.
if (isMainThread) {
  const seed = fuzzSeed();
  // What it starts draws from the same one, where it was `random` here.
  process.env['FUZZ_SEED'] = String(seed);
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
