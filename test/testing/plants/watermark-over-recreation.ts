import type { Plant } from './plant.ts';

export default {
  name: 'watermark-over-recreation',
  breaks: 'A watermark above the end of the log is believed: the records of a topic that was made anew are passed by.',
  oracle: ['NoLoss', 'ProgressAfterFaults'],
  file: 'engine/flow-runtime.ts',
  find: 'if (refusal) lane.refuse(refusal);\n    if (start > end) lane.refuse(',
  replace: 'if (start > end && end < 0) lane.refuse(',
  target: 'everything',
  seed: 6,
} satisfies Plant;
