import type { lintErrors } from '../../errors/codes/lint.ts';
import type { Flow } from '../flow.ts';
import type { FlowNode, Position } from '../operator.ts';

export type LintCode = keyof typeof lintErrors;

/** `error`: the engine refuses the flow. `warning`: it runs, and somebody will be surprised. `note`: good to know. */
export type Severity = 'error' | 'warning' | 'note';

export interface LintOptions {
  /** Milliseconds without heartbeat after which the group takes the partitions away. @default 30_000 */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds the group waits for members that drain. @default 60_000 */
  readonly rebalanceTimeoutMs?: number;
}

/** What a rule looks at: one flow, taken apart. */
export interface Subject {
  readonly flow: Flow<unknown>;
  readonly nodes: readonly FlowNode[];
  readonly paths: readonly (readonly FlowNode[])[];
  readonly options: Required<LintOptions>;
}

/** What a rule found. `details` fill the message of its code; the position is the node's. */
export interface Found {
  readonly node: FlowNode;
  readonly details: Readonly<Record<string, string | number>>;
  readonly severity?: Severity;
}

/** One file each. */
export interface Rule {
  readonly code: LintCode;
  readonly severity: Severity;
  check(subject: Subject): readonly Found[];
}

export interface Finding {
  readonly code: LintCode;
  readonly severity: Severity;
  readonly flow: string;
  /** The node's id. */
  readonly node: string;
  readonly message: string;
  readonly remedy: string;
  /** Where the node was written. */
  readonly position: Position | undefined;
}

/** The source's node: where findings about the whole flow stand. */
export const sourceOf = ({ nodes }: Subject): FlowNode => nodes[0] as FlowNode;
