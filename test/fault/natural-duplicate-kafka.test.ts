import test from 'node:test';
import { naturalDuplicateStory } from './natural-duplicate.ts';

test('events under new control ids are one effect each: at once, over restarts, across a merge and its undoing, on Kafka and PostgreSQL', (t) =>
  naturalDuplicateStory(t, 'kafka'));
