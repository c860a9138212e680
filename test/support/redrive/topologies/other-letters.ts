import { flow, map, to, topic } from 'aorta';
import type { Hl7Adt } from '../../../../schemas/generated/hl7-adt.ts';
import { topics } from '../../../../schemas/topics.ts';

const letters = topic<string>('other.letters', 'string');

/** Reads the same topic: what is redriven for another flow is not for it. */
export default flow('other-letters')
  .from(topics.adt)
  .pipe(
    map('write-letter', (record: Hl7Adt) => record.controlId),
    to(letters),
  );
