import type { Rule } from './rule.ts';

/** Reported once, at the last asynchronous node of the longest path. */
export const deadlinesOverRebalance: Rule = {
  code: 'AORTA_LINT_022',
  severity: 'note',
  check({ paths, options: { rebalanceTimeoutMs } }) {
    // A lane's turns are its own.
    const turns = paths.flatMap((path) => {
      const lane = path.findIndex(({ spec }) => spec.lanes);
      return lane < 0 ? [path] : [path.slice(0, lane), path.slice(lane)];
    });
    const sums = turns.map((path) => {
      const waiting = path.filter(({ options }) => options['deadlineMs'] !== undefined);
      return {
        node: waiting.at(-1),
        count: waiting.length,
        deadline: waiting.reduce((sum, { options }) => sum + Number(options['deadlineMs']), 0),
      };
    });
    const longest = sums.toSorted((a, b) => b.deadline - a.deadline)[0];
    // One long deadline alone has a rule of its own.
    if (!longest?.node || longest.count < 2 || longest.deadline <= rebalanceTimeoutMs) return [];
    return [{ node: longest.node, details: { deadline: longest.deadline, limit: rebalanceTimeoutMs } }];
  },
};
