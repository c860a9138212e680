import { claims } from '../../src/fhir/v2/rows/index.ts';
import type { Difference } from './normalise.ts';

/** Why some differences are as they should be. */
export interface Rule {
  readonly id: string;
  /** Whose value it is; both where not said. */
  readonly side?: Difference['side'];
  /** `adds`: the other side has nothing else there; `differs`: it has something else. */
  readonly kind?: 'adds' | 'differs';
  readonly at: RegExp;
  readonly value?: RegExp;
  /** What the other side has there (`differs`). */
  readonly instead?: RegExp;
  /** The row or the specification that says so. */
  readonly because: string;
}

/** Why a message is not converted by the other one. */
export interface Refusal {
  readonly error: RegExp;
  readonly because: string;
}

export function matches(rule: Rule, { side, path, value, instead }: Difference): boolean {
  return (
    (rule.side === undefined || rule.side === side) &&
    (rule.kind === undefined || (rule.kind === 'adds') === (instead.length === 0)) &&
    rule.at.test(path) &&
    (rule.value === undefined || rule.value.test(value)) &&
    (rule.instead === undefined || instead.some((other) => rule.instead?.test(other)))
  );
}

/** Members of data types: what a row fills is the element above them. */
const members =
  /(\.(coding|identifier|type|code|system|value|unit|display|text|url|start|end|city|line|family|given|prefix|suffix|use|extension(\[[^\]]*\])?|value[A-Z]\w+|reference|data|contentType))+$/;

/** The elements that rows of the tables fill, as paths of facts. */
const elements: readonly string[] = [
  ...new Set(
    claims.flatMap(({ rows }) =>
      Object.values(rows).flatMap((claim) =>
        'by' in claim
          ? [
              claim.path
                .replace(/^\w+\.contained\[ServiceRequest\]/, 'ServiceRequest')
                .replace(/^Observation\.contained\[\w+\].*/, 'Observation.performer')
                .replace(/^DiagnosticReport\.contained\[\w+\].*/, 'ServiceRequest.requester')
                .replace(members, (end) => (/^\w+$/.test(claim.path.slice(0, -end.length)) ? (/^\.\w+/.exec(end)?.[0] ?? '') : '')),
            ]
          : [],
      ),
    ),
  ),
];

/** Whether a row of the tables names the element, so that a value there is done by the table. */
export const isOfRow = (path: string): boolean =>
  elements.some((element) => path === element || path.startsWith(`${element}.`) || path.startsWith(`${element}[`));
