export { type DriverOptions, type Emitted, type Input, TestDriver } from './driver.ts';
export { type Fault, MemoryLog } from './memory-log.ts';
export { MemoryState } from './memory-state.ts';
export * from './oracles.ts';
export { type Simulated, type SimulationEnd, type SimulationOptions, type SimulationResult, scheduleFor, simulate } from './simulate.ts';
export { type Action, type ActionName, type CallName, describeSchedule, type RecordRef, type Schedule } from './simulation/schedule.ts';
export { type Shrunk, shrink } from './simulation/shrink.ts';
export { seededRandom, settle, VirtualClock } from './virtual-clock.ts';
