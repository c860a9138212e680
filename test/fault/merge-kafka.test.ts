import test from 'node:test';
import { mergeStory } from './merge.ts';

test('a merge in the middle of 1,000 events over two workers, and its undoing, on Kafka and PostgreSQL', (t) =>
  mergeStory(t, 'kafka', { workers: 2, kill: false }));

test('the same with kill -9 of the worker that merges, on Kafka and PostgreSQL', (t) => mergeStory(t, 'kafka', { workers: 2, kill: true }));
