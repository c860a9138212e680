import test from 'node:test';
import { mergeStory } from './merge.ts';

test('a merge in the middle of 1,000 events, and its undoing, on the embedded profile', (t) =>
  mergeStory(t, 'embedded', { workers: 1, kill: false }));

test('the same with kill -9 during the merge, on the embedded profile', (t) => mergeStory(t, 'embedded', { workers: 1, kill: true }));
