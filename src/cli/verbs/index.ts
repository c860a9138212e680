import type { VerbModule } from '../verb.ts';

/** Every verb, in the order of `aorta --help`. */
export const verbs: Readonly<Record<string, () => Promise<VerbModule>>> = {
  services: () => import('./services.ts'),
};
