import { error } from '../errors/index.ts';
import type { CdsService } from './service.ts';
import { templateProblem } from './template.ts';

export interface CdsFinding {
  readonly code: 'AORTA_CDS_007' | 'AORTA_CDS_008' | 'AORTA_CDS_009';
  readonly service: string;
  readonly message: string;
}

/**
 * What `aorta check` says of CDS services; each finding is an error.
 *
 * - AORTA_CDS_007: it reads what it does not prefetch.
 * - AORTA_CDS_008: a template is not CDS Hooks 2.0.
 * - AORTA_CDS_009: two services have one id and hook. One id with several hooks is allowed (2.0, "Update stale guidance").
 */
export function lintCds(services: readonly CdsService[]): readonly CdsFinding[] {
  const findings: CdsFinding[] = [];
  const seen = new Set<string>();
  for (const { id: service, hook, reads, prefetch } of services) {
    const add = (code: CdsFinding['code'], details: Record<string, string>) =>
      findings.push({ code, service, message: error(code, { service, ...details }).message });
    for (const { key, template } of reads) {
      if (!prefetch.some((each) => each.key === key && each.template === template)) add('AORTA_CDS_007', { key });
    }
    for (const { key, template } of prefetch) {
      const problem = templateProblem(template, hook);
      if (problem !== undefined) add('AORTA_CDS_008', { key, problem });
    }
    if (seen.has(`${service} ${hook}`)) add('AORTA_CDS_009', { hook });
    seen.add(`${service} ${hook}`);
  }
  return findings;
}
