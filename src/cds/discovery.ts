import type { CdsService } from './service.ts';

/** CDS Hooks 2.0, "Discovery". `said` writes a template as 2.0 has it: `{{today() - 30 days}}` as a date. */
export const discovery = (services: readonly CdsService[], said: (template: string) => string) => ({
  services: services.map(({ hook, title, description, id, usageRequirements, prefetch }) => ({
    ...{ hook, title, description, id },
    ...(prefetch.length === 0 ? {} : { prefetch: Object.fromEntries(prefetch.map(({ key, template }) => [key, said(template)])) }),
    ...(usageRequirements === undefined ? {} : { usageRequirements }),
  })),
});
