import { skip } from 'aorta';
import { placeOf, type V2Facts } from 'aorta/fhir';
import type { AdtMessage } from './decode.ts';

/** What an event does to a visit; `add-person`, `person` and `merge` do nothing to any. */
export type StepKind =
  | 'admit'
  | 'register'
  | 'pre-admit'
  | 'transfer'
  | 'discharge'
  | 'update'
  | 'cancel-admit'
  | 'cancel-transfer'
  | 'cancel-discharge'
  | 'add-person'
  | 'person'
  | 'merge';

/** A message whose content is enough for what its event means. */
export interface Step extends AdtMessage {
  readonly kind: StepKind;
}

export const is =
  (event: string) =>
  (message: AdtMessage): boolean =>
    message.event === event;

const onVisit = (kind: StepKind) => (message: AdtMessage) => (message.visit === undefined ? skip('no-visit') : { ...message, kind });

export const admit = onVisit('admit');
export const register = onVisit('register');
export const preAdmit = onVisit('pre-admit');
export const discharge = onVisit('discharge');
export const cancelAdmit = onVisit('cancel-admit');
export const cancelTransfer = onVisit('cancel-transfer');
export const cancelDischarge = onVisit('cancel-discharge');

/** A transfer that does not say where to moves nobody. */
export function transfer(message: AdtMessage) {
  if (message.visit === undefined) return skip('no-visit');
  return hasPlace(message.visit) ? { ...message, kind: 'transfer' as const } : skip('transfer-without-location');
}

/** An update may be about the person only. */
export const update = (message: AdtMessage) => ({ ...message, kind: 'update' as const });

/** A28 and A31 are about the person: their PV1 is there for the form (`PV1|1|N`), and touches no visit. */
const aboutPerson = (kind: 'add-person' | 'person' | 'merge') => (message: AdtMessage) => ({
  ...message,
  visit: undefined,
  diagnoses: [],
  kind,
});

export const addPerson = aboutPerson('add-person');
export const updatePerson = aboutPerson('person');
/** A40: what it says of the survivor. That somebody was merged into it comes beforehand, by itself (merge.ts). */
export const mergeNews = aboutPerson('merge');
export const isMerge = (message: AdtMessage): boolean => message.event === 'A40' || message.event === 'A34';

const hasPlace = (visit: V2Facts): boolean => placeOf(visit['PV1-3']?.[0]) !== undefined;
