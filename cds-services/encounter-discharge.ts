import { clinicalReads, contextEncounter, defineCdsService } from 'aorta';
import type { Observation } from 'aorta/fhir';
import { labCard, taskCard } from './rules/cards.ts';
import { abnormalLabs } from './rules/labs.ts';
import { recent, unread, withOwn } from './rules/own.ts';
import { pendingTasks } from './rules/tasks.ts';

const { patient, conditions, medications, labs, allergies } = clinicalReads;

/** On discharge: what is still open. */
export default defineCdsService({
  id: 'discharge-review',
  hook: 'encounter-discharge',
  title: 'Discharge review',
  description: 'Discharge tasks that are still pending, and critical laboratory results of the last 30 days.',
  usageRequirements: 'Without prefetch it needs access to the FHIR server.',
  reads: [patient, contextEncounter, conditions, medications, labs, allergies],
  requires: ['patient', 'encounter'],
  async run({ data, own, ownGaps, now, home }) {
    const [observed, tasks] = await Promise.all([
      withOwn<Observation>(data.labs.resources, own, 'Observation'),
      own ? own.resources('Task') : [],
    ]);
    const frame = { home, incomplete: unread(data, ownGaps()) };
    const critical = abnormalLabs(recent(observed, now)).filter((result) => result.critical);
    const cards = [taskCard(pendingTasks(tasks, now), frame), labCard(critical, frame)];
    return cards.filter((card) => card !== undefined);
  },
});
