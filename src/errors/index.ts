import { assistErrors } from './codes/assist.ts';
import { cdsErrors } from './codes/cds.ts';
import { cliErrors } from './codes/cli.ts';
import { configErrors } from './codes/config.ts';
import { edgeErrors } from './codes/edge.ts';
import { ehrErrors } from './codes/ehr.ts';
import { engineErrors } from './codes/engine.ts';
import { fhirErrors } from './codes/fhir.ts';
import { flowErrors } from './codes/flow.ts';
import { governanceErrors } from './codes/governance.ts';
import { guardErrors } from './codes/guard.ts';
import { hl7Errors } from './codes/hl7.ts';
import { ingressErrors } from './codes/ingress.ts';
import { jobErrors } from './codes/job.ts';
import { keyedErrors } from './codes/keyed.ts';
import { lintErrors } from './codes/lint.ts';
import { logErrors } from './codes/log.ts';
import { modelErrors } from './codes/model.ts';
import { profileErrors } from './codes/profile.ts';
import { sandboxErrors } from './codes/sandbox.ts';
import { schemaErrors } from './codes/schema.ts';
import { servicesErrors } from './codes/services.ts';
import { smartErrors } from './codes/smart.ts';
import { sqliteErrors } from './codes/sqlite.ts';
import { stateErrors } from './codes/state.ts';
import { AortaError, type ErrorClass, type ErrorSpec } from './error.ts';

export { AortaError, type ErrorClass, type ErrorSpec } from './error.ts';

/** The one error table; `docs/errors.md` and `aorta explain` are made from it. */
export const errorTable = {
  ...assistErrors,
  ...cdsErrors,
  ...cliErrors,
  ...configErrors,
  ...edgeErrors,
  ...ehrErrors,
  ...engineErrors,
  ...fhirErrors,
  ...flowErrors,
  ...governanceErrors,
  ...guardErrors,
  ...hl7Errors,
  ...ingressErrors,
  ...jobErrors,
  ...keyedErrors,
  ...lintErrors,
  ...logErrors,
  ...modelErrors,
  ...profileErrors,
  ...sandboxErrors,
  ...schemaErrors,
  ...servicesErrors,
  ...smartErrors,
  ...sqliteErrors,
  ...stateErrors,
} satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof errorTable;

/** Builds the error of a code; `{name}` places of its message are filled from `details`. */
export function error(
  code: ErrorCode,
  details: Readonly<Record<string, string | number | boolean>> = {},
  options: { cause?: unknown; retryAfterMs?: number; class?: ErrorClass } = {},
): AortaError {
  const spec: ErrorSpec = errorTable[code];
  const message = spec.message.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? '?'));
  return new AortaError(code, options.class ?? spec.class, message, details, options);
}

/** The class of anything thrown: ours keep theirs, aborts are `Cancelled`, everything else is a `Defect`. */
export function classOf(thrown: unknown): ErrorClass {
  if (thrown instanceof AortaError) return thrown.class;
  if (thrown instanceof Error && thrown.name === 'AbortError') return 'Cancelled';
  return 'Defect';
}
