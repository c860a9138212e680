import type { CdsService } from './service.ts';

/** CDS Hooks 2.0, "Discovery". */
export const discovery = (services: readonly CdsService[]) => ({
  services: services.map(({ hook, title, description, id, usageRequirements, prefetch }) => ({
    ...{ hook, title, description, id },
    ...(prefetch.length === 0 ? {} : { prefetch: Object.fromEntries(prefetch.map(({ key, template }) => [key, template])) }),
    ...(usageRequirements === undefined ? {} : { usageRequirements }),
  })),
});
