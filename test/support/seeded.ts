/**
 * Loaded before every test file: properties draw from the seed of `FUZZ_SEED`. One that says its own seed keeps it. What
 * fails is reported by fast-check with its seed and path.
 */
import fc from 'fast-check';
import { fuzzSeed } from './seed.ts';

const seed = fuzzSeed();
// What it starts draws from the same one, where it was `random` here.
process.env['FUZZ_SEED'] = String(seed);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
