import { keyKindOf } from '../topic.ts';
import { type Rule, sourceOf } from './rule.ts';

/** A patient must have one owner over all sources of a flow: partition p of each is dealt to one worker. */
export const mergedPartitions: Rule = {
  code: 'AORTA_LINT_040',
  severity: 'error',
  check: (subject) => {
    const [first, ...others] = subject.flow.sources;
    return others
      .filter(({ partitions }) => partitions !== first?.partitions)
      .map(({ name, partitions }) => ({
        node: sourceOf(subject),
        details: { topic: name, count: partitions, first: first?.name ?? '', expected: first?.partitions ?? 0 },
      }));
  },
};

export const mergedKeys: Rule = {
  code: 'AORTA_LINT_041',
  severity: 'error',
  check: (subject) => {
    const [first, ...others] = subject.flow.sources;
    return others
      .filter((topic) => first && keyKindOf(topic) !== keyKindOf(first))
      .map((topic) => ({
        node: sourceOf(subject),
        details: { topic: topic.name, kind: keyKindOf(topic), first: first?.name ?? '', expected: first ? keyKindOf(first) : '' },
      }));
  },
};
