import test from 'node:test';
import { naturalDuplicateStory } from './natural-duplicate.ts';

test('events under new control ids are one effect each: at once, over restarts, across a merge and its undoing, on the embedded profile', (t) =>
  naturalDuplicateStory(t, 'embedded'));
