import type { Canonical } from '../../canonical/index.ts';
import type { Encounter, Patient } from '../../fhir/index.ts';
import type { Inpatient } from './hospital.ts';
import { indexOf, personOf } from './people.ts';
import { senderOf, senders } from './sender.ts';
import { bedKey, bedsOf, type WardPlan } from './wards.ts';

/**
 * Who lies in the synthetic hospital's beds by the canonical store: a feed that starts again on the same data goes on
 * with them, instead of filling beds that are full.
 */
export async function inpatientsIn(
  canonical: Pick<Canonical, 'wards' | 'readResource'>,
  seed: number,
  plans: readonly WardPlan[],
): Promise<Inpatient[]> {
  const ours = new Set(bedsOf(plans).map(bedKey));
  const found: Inpatient[] = [];
  for (const ward of await canonical.wards()) {
    if (ward.facility !== senders[0]?.facility) continue;
    for (const room of ward.rooms) {
      for (const bed of room.beds) {
        const place = { ward: ward.name, room: room.name, bed: bed.name };
        const [occupant] = bed.occupants;
        if (!occupant || !ours.has(bedKey(place))) continue;
        const patient = (await canonical.readResource('Patient', occupant.patientId)) as Patient | undefined;
        const encounter = (await canonical.readResource('Encounter', occupant.encounterId)) as Encounter | undefined;
        const index = patient?.identifier?.map((each) => indexOf(each.value ?? '')).find((each) => each !== undefined);
        const visit = encounter?.identifier?.[0]?.value;
        if (index === undefined || visit === undefined) continue;
        const person = personOf(seed, index);
        found.push({ person, sender: senderOf(person), visit, admittedAt: Date.parse(encounter?.period?.start ?? '') || 0, bed: place });
      }
    }
  }
  return found;
}
