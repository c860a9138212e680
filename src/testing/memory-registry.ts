import { createEmbeddedRegistry, memoryStorage } from '../schema/embedded/registry.ts';
import type { Registry } from '../schema/port.ts';

/** The embedded registry with nothing behind it. */
export const memoryRegistry = (): Registry => createEmbeddedRegistry({ storage: memoryStorage() });
