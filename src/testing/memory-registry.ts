import { embeddedRegistry } from '../schema/embedded/registry.ts';
import { memoryStorage } from '../schema/embedded/storage.ts';
import type { Registry } from '../schema/port.ts';

/** The embedded registry with nothing behind it. */
export const memoryRegistry = (): Promise<Registry> => embeddedRegistry(memoryStorage());
