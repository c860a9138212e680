import { clinicalReads, defineCdsService } from 'aorta';
import type { AllergyIntolerance, Observation } from 'aorta/fhir';
import { conflicts, type Medication } from './rules/allergies.ts';
import { conflictCard, labCard, taskCard } from './rules/cards.ts';
import { abnormalLabs } from './rules/labs.ts';
import { recent, unread, withOwn } from './rules/own.ts';
import { pendingTasks } from './rules/tasks.ts';

/** On opening a chart: what should not be overlooked in it. Nothing to say is no card. */
export default defineCdsService({
  id: 'chart-review',
  hook: 'patient-view',
  title: 'Chart review',
  description:
    'Abnormal laboratory results of the last 30 days, active medications that conflict with a recorded allergy, and pending discharge tasks.',
  usageRequirements: 'Without prefetch it needs access to the FHIR server.',
  reads: Object.values(clinicalReads),
  requires: ['patient'],
  async run({ data, own, ownGaps, now, home }) {
    const { allergies, medications, labs } = data;
    const [recorded, observed, tasks] = await Promise.all([
      withOwn<AllergyIntolerance>(allergies.resources, own, 'AllergyIntolerance'),
      withOwn<Observation>(labs.resources, own, 'Observation'),
      own ? own.resources('Task') : [],
    ]);
    const frame = { home, incomplete: unread(data, ownGaps()) };
    const cards = [
      conflictCard(conflicts(recorded, medications.resources as readonly Medication[]), frame),
      labCard(abnormalLabs(recent(observed, now)), frame),
      taskCard(pendingTasks(tasks, now), frame),
    ];
    return cards.filter((card) => card !== undefined);
  },
});
