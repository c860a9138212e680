import type { TimelineEventType } from '../../schemas/generated/timeline-event.ts';
import type { StepKind } from './steps.ts';

/** What the timeline calls it. */
export const timelineType: Record<StepKind, TimelineEventType> = {
  admit: 'Admission',
  register: 'Registration',
  'pre-admit': 'PreAdmission',
  transfer: 'Transfer',
  discharge: 'Discharge',
  update: 'Update',
  'cancel-admit': 'Cancellation',
  'cancel-transfer': 'Cancellation',
  'cancel-discharge': 'Cancellation',
  'add-person': 'Registration',
  person: 'Update',
  merge: 'Merge',
};
