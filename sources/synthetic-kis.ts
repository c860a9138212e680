import { defineSourceProfile } from 'aorta/hl7';

/**
 * The older one of the two systems of `aorta dev`'s synthetic hospital: HL7 2.3, ISO 8859/1 without saying so in MSH-18,
 * clock in UTC without saying so.
 */
export default defineSourceProfile({
  name: 'synthetic-kis',
  version: 1,
  sender: { application: 'KIS', facility: 'SYNTHETIC' },
  zone: 'UTC',
  charset: { default: '8859/1' },
  samples: [
    {
      file: 'synthetic-kis/admission.hl7',
      expect: {
        ack: 'AA',
        event: 'A01',
        occurredAt: '2026-03-29T01:30:00Z',
        charset: 'ISO-8859-1',
        identifiers: [{ system: 'urn:id:SYNTHETIC', value: 'S000182' }],
        class: 'I',
        location: { ward: 'MED1', room: '101', bed: 'A' },
        fields: { 'PID-5.1': 'Größli', 'PV1-19.1': 'V1-7' },
      },
    },
    {
      file: 'synthetic-kis/without-patient.hl7',
      expect: { ack: 'AE', errors: ['AORTA_HL7_007'] },
    },
  ],
});
