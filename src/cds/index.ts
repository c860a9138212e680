/** CDS Hooks 2.0, the service's side: declarations, checks and rules. Pure; `src/edge` serves it. */
export { type Timed, withinBudget } from './budget.ts';
export type { Action, Card, Coding, Link, Source, Suggestion, SystemAction } from './card.ts';
export { cardProblems, systemActionProblems } from './card-rules.ts';
export { discovery } from './discovery.ts';
export { type CardFeedback, parseFeedback } from './feedback.ts';
export { contextProblem, type Hook, type HookContexts, hookFields, isHook } from './hooks.ts';
export { withLinksBelow } from './links.ts';
export { type CdsFinding, lintCds } from './lint.ts';
export { type CdsRequest, type FhirAuthorization, parseRequest } from './request.ts';
export {
  type CdsAdvice,
  type CdsData,
  type CdsRead,
  type CdsRun,
  type CdsService,
  type CdsServiceDefinition,
  defineCdsService,
  isCdsService,
  type OwnRecord,
} from './service.ts';
export { templateProblem, userTokens } from './template.ts';
export { createRecognition, createTrust, type TokenPort, type TrustedClient, type TrustOptions } from './trust.ts';
