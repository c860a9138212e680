import { describe } from 'node:test';
import { MemoryState } from '../../src/testing/memory-state.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { suspectTests } from '../state/conformance/suspects.ts';

describe('State in memory', () => {
  const state = new MemoryState({ clock: new VirtualClock() });
  suspectTests({ one: state, two: state, open: async () => state });
});
