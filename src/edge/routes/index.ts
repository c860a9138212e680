import { attentionRoutes } from './attention.ts';
import { deadLetterRoutes } from './dlq.ts';
import { fhirRoutes } from './fhir.ts';
import { flowRoutes } from './flows.ts';
import { healthRoutes } from './health.ts';
import { liveRoutes } from './live.ts';
import { pageRoutes } from './page.ts';
import { parkedRoutes } from './parked.ts';
import { quarantineRoutes } from './quarantine.ts';
import { timelineRoutes } from './timeline.ts';
import { topicRoutes } from './topics.ts';
import { traceRoutes } from './trace.ts';
import { unmergeRoutes } from './unmerge.ts';
import { wardRoutes } from './wards.ts';
import { whyRoutes } from './why.ts';

/** Every group of routes. Who may use which is a table in test/edge/routes.test.ts: a change of access is a reviewed one. */
export const groups = [
  healthRoutes,
  fhirRoutes,
  timelineRoutes,
  wardRoutes,
  flowRoutes,
  whyRoutes,
  traceRoutes,
  attentionRoutes,
  parkedRoutes,
  deadLetterRoutes,
  unmergeRoutes,
  quarantineRoutes,
  topicRoutes,
  liveRoutes,
  pageRoutes,
];
