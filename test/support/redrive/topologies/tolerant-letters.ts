import { existsSync } from 'node:fs';
import { error, flow, map, to, topic } from 'aorta';
import type { Hl7Adt } from '../../../../schemas/generated/hl7-adt.ts';
import { topics } from '../../../../schemas/topics.ts';

const letters = topic<string>('tolerant.letters', 'string');

/** Tolerant: what cannot be written is a dead letter, while the fuse is there and the control id begins with DEAD. */
export default flow('tolerant-letters', { order: 'tolerant' })
  .from(topics.adt)
  .pipe(
    map('write-letter', (record: Hl7Adt) => {
      const fuse = process.env['AORTA_TEST_FUSE'];
      if (record.controlId.startsWith('DEAD') && fuse !== undefined && existsSync(fuse))
        throw error('AORTA_HL7_001', { problem: 'no letter' });
      return record.controlId;
    }),
    to(letters),
  );
