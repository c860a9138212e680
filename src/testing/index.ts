export { type DriverOptions, type Emitted, type Input, TestDriver } from './driver.ts';
export { type Fault, MemoryLog } from './memory-log.ts';
export { MemoryState } from './memory-state.ts';
export * from './oracles.ts';
export { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';
export { seededRandom, settle, VirtualClock } from './virtual-clock.ts';
