import type { Plant } from './plant.ts';

export default {
  name: 'brake-lets-pass',
  breaks: 'What was running when the dead-letter brake went on, and fails, becomes a dead letter all the same.',
  oracle: ['BrakeHolds'],
  file: 'engine/failing.ts',
  find: "verdict.kind === 'deadLetter' && lane.host.brake.on",
  replace: "verdict.kind === 'deadLetter' && lane.host.brake.on && false",
  target: 'braked',
  seed: 5,
} satisfies Plant;
