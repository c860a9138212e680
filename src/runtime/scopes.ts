import { contextReads } from '../assist/index.ts';
import type { CdsService } from '../cds/index.ts';
import { error } from '../errors/index.ts';
import { typeOfTemplate } from '../fhir/client/index.ts';
import { type Access, missingScopes, neededScopes, surplusScopes, usableScopes } from '../smart/index.ts';
import type { EhrConfig } from './ehr-config.ts';

/** What each component reads and writes at an EHR. One line here for a new component; its scopes follow. */
export function accessOf(services: readonly CdsService[]): Readonly<Record<string, Access>> {
  const context = [...new Set(contextReads.map(({ template }) => typeOfTemplate(template)))];
  return {
    assist: { reads: context },
    drafts: { reads: context, creates: ['DocumentReference'], mayCreate: ['Provenance'] },
    cds: { reads: services.flatMap(({ reads }) => reads.map(({ template }) => typeOfTemplate(template))) },
  };
}

/** Scopes of a component in v2 syntax; none for one that nobody knows. */
export const scopesOf = (access: Readonly<Record<string, Access>>, component: string): readonly string[] =>
  Object.hasOwn(access, component) ? neededScopes(access[component] as Access) : [];

export interface ScopeFinding {
  readonly code: 'AORTA_SMART_012' | 'AORTA_SMART_013';
  readonly message: string;
}

/** Registered scopes against needed ones, for every client of every EHR: the least that is needed, and all of it. */
export function scopeFindings(
  ehrs: Readonly<Record<string, EhrConfig>>,
  access: Readonly<Record<string, Access>>,
): readonly ScopeFinding[] {
  return Object.entries(ehrs).flatMap(([ehr, { clients = {} }]) =>
    Object.entries(clients).flatMap(([client, { scopes }]) => {
      const usable = Object.hasOwn(access, client) ? usableScopes(access[client] as Access) : [];
      const [surplus, missing] = [surplusScopes(usable, scopes), missingScopes(scopesOf(access, client), scopes)];
      const found = (code: ScopeFinding['code'], details: Record<string, string>): ScopeFinding => ({
        code,
        message: error(code, { client, ehr, ...details }).message,
      });
      return [
        ...(surplus.length === 0 ? [] : [found('AORTA_SMART_012', { surplus: surplus.join(' ') })]),
        ...(missing.length === 0 ? [] : [found('AORTA_SMART_013', { missing: missing.join(' ') })]),
      ];
    }),
  );
}
