import type { VerbModule } from '../verb.ts';

/** Every verb, in the order of `aorta --help`. */
export const verbs: Readonly<Record<string, () => Promise<VerbModule>>> = {
  dev: () => import('./dev.ts'),
  start: () => import('./start.ts'),
  check: () => import('./check.ts'),
  graph: () => import('./graph.ts'),
  new: () => import('./new.ts'),
  schema: () => import('./schema.ts'),
  services: () => import('./services.ts'),
  doctor: () => import('./doctor.ts'),
  why: () => import('./why.ts'),
  trace: () => import('./trace.ts'),
  parked: () => import('./parked.ts'),
  dlq: () => import('./dlq.ts'),
  unmerge: () => import('./unmerge.ts'),
  quarantine: () => import('./quarantine.ts'),
  topic: () => import('./topic.ts'),
  audit: () => import('./audit.ts'),
  explain: () => import('./explain.ts'),
  completion: () => import('./completion.ts'),
};
