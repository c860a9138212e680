import { existsSync } from 'node:fs';
import { error, flow, map, to, topic } from 'aorta';
import type { Hl7Adt } from '../../../../schemas/generated/hl7-adt.ts';
import { topics } from '../../../../schemas/topics.ts';

const letters = topic<string>('ward.letters', 'string');

/** A flow that fails while a test wants it to: on control ids that begin with HOLD, while the file named exists. */
export default flow('ward-letters')
  .from(topics.adt)
  .pipe(
    map('write-letter', (record: Hl7Adt) => {
      const fuse = process.env['AORTA_TEST_FUSE'];
      if (record.controlId.startsWith('HOLD') && fuse !== undefined && existsSync(fuse))
        throw error('AORTA_HL7_001', { problem: 'no letter' });
      return record.eventId;
    }),
    to(letters),
  );
