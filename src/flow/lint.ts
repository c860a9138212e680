import { lintErrors } from '../errors/codes/lint.ts';
import { error } from '../errors/index.ts';
import type { Flow } from './flow.ts';
import { circles } from './lint/circles.ts';
import { readers } from './lint/readers.ts';
import type { Finding, Found, LintCode, LintOptions, Severity, Subject } from './lint/rule.ts';
import { rules } from './lint/rules.ts';
import { nodesOf, pathsOf } from './nodes.ts';
import { atPosition } from './position.ts';

export type { Finding, LintCode, LintOptions, Severity } from './lint/rule.ts';

const severities: readonly Severity[] = ['error', 'warning', 'note'];

function finding(flow: Flow<unknown>, code: LintCode, severity: Severity, { node, details }: Found): Finding {
  const { message, remedy } = lintErrors[code];
  const values: Readonly<Record<string, string | number>> = { node: node.id, ...details };
  const filled = message.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  return { code, severity, flow: flow.name, node: node.id, message: filled, remedy, position: node.position };
}

/**
 * What is wrong or surprising in one flow, or in all flows of an installation together (then also circles between them).
 * Errors first; each finding has a code, the node and its position in the file.
 *
 * @example
 * ```ts
 * import { flow, lint, map, topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', 'bytes');
 * const unfinished = flow('rates').from(vitals).pipe(map((v) => v.heartRate));
 * for (const { code, message, position } of lint(unfinished)) console.log(code, message, position?.line);
 * ```
 */
export function lint(flows: Flow<unknown> | readonly Flow<unknown>[], options: LintOptions = {}): readonly Finding[] {
  const all = Array.isArray(flows) ? (flows as readonly Flow<unknown>[]) : [flows as Flow<unknown>];
  const complete = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 60_000, ...options };
  const findings = all.flatMap((flow) => {
    const subject: Subject = { flow, nodes: nodesOf(flow), paths: pathsOf(flow), options: complete };
    return rules.flatMap((rule) => rule.check(subject).map((found) => finding(flow, rule.code, found.severity ?? rule.severity, found)));
  });
  findings.push(...circles(all).map((found) => finding(found.flow, 'AORTA_LINT_011', 'warning', found)));
  findings.push(...readers(all).map((found) => finding(found.flow, 'AORTA_LINT_045', 'error', found)));
  return findings.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

/** One line of a finding, as `aorta check` prints it: an editor opens the position. */
export const findingText = ({ code, severity, flow, message, remedy, position }: Finding): string =>
  `${atPosition(position)} ${severity} ${code} ${flow}: ${message}. ${remedy}`;

/** Throws AORTA_FLOW_001 with the first finding of severity `error`; what the engine asks before it runs a flow. */
export function assertSound(flow: Flow<unknown>, options: LintOptions = {}): void {
  const first = lint(flow, options)[0];
  if (first?.severity !== 'error') return;
  throw error('AORTA_FLOW_001', { flow: flow.name, problem: `${first.code} at ${atPosition(first.position)}: ${first.message}` });
}
