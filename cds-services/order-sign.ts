import { clinicalReads, defineCdsService } from 'aorta';
import type { AllergyIntolerance } from 'aorta/fhir';
import { conflicts, type Medication } from './rules/allergies.ts';
import { conflictCard } from './rules/cards.ts';
import { unread, withOwn } from './rules/own.ts';

/** On signing orders: drafts that conflict with a recorded allergy. Removing the draft is offered, never done. */
export default defineCdsService({
  id: 'order-allergies',
  hook: 'order-sign',
  title: 'Allergies and orders',
  description: 'Medication orders about to be signed that conflict with a recorded allergy.',
  usageRequirements: 'Without prefetch it needs access to the FHIR server.',
  reads: Object.values(clinicalReads),
  requires: ['patient', 'allergies'],
  async run({ context, data: { allergies }, own, ownGaps, home }) {
    const drafts = (context.draftOrders.entry ?? []).flatMap(({ resource }) =>
      resource?.resourceType === 'MedicationRequest' ? [resource] : [],
    );
    const recorded = await withOwn<AllergyIntolerance>(allergies.resources, own, 'AllergyIntolerance');
    const frame = { home, incomplete: unread({ allergies }, ownGaps()) };
    return drafts.flatMap((draft) => {
      const card = conflictCard(conflicts(recorded, [draft as Medication]), frame);
      if (!card) return [];
      if (draft.id === undefined) return [card];
      const action = { type: 'delete' as const, description: 'Remove the draft order', resourceId: `MedicationRequest/${draft.id}` };
      return [{ ...card, suggestions: [{ label: 'Remove this order', actions: [action] }], selectionBehavior: 'at-most-one' as const }];
    });
  },
});
