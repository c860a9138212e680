import { defineSourceProfile } from 'aorta/hl7';

const url = (name: string) => `https://marien.example/fhir/StructureDefinition/${name}`;

/**
 * A site as they are: local time without offset, windows-1252 called 8859/1, transfers sent as updates, the case number
 * in PV1-50, patient numbers without type, movements (ZBE) and insurance (ZIN) in segments of its own.
 */
export default defineSourceProfile({
  name: 'marien',
  version: 2,
  sender: { application: 'ORBIS', facility: 'MARIEN*' },
  zone: 'Europe/Vienna',
  charset: { override: 'WINDOWS-1252' },
  authorities: {
    ORBIS: 'urn:oid:2.16.840.1.113883.2.16.1.77',
    FALL: 'https://marien.example/case',
    MARIEN: 'urn:oid:2.16.840.1.113883.2.16.1.78',
  },
  identifierTypes: { PI: 'MR', '': 'MR' },
  events: {
    A08: [
      { as: 'A02', when: { path: 'PV1-6', is: 'valued' } },
      { skip: 'billing-update', when: { path: 'EVN-4', in: ['BILL', 'DRG'] } },
    ],
    A20: { skip: 'bed-status' },
    P03: { skip: 'charges' },
    A06: { refuse: 'class-changes-come-as-a01' },
  },
  fields: [
    { copy: 'PV1-50', to: 'PV1-19' },
    { move: 'ZIN-4', to: 'PID-18', onlyIfEmpty: true },
    { default: 'PV1-2', value: 'I' },
    { default: 'MSH-11', value: 'P' },
  ],
  segments: {
    ZBE: {
      extensions: [
        { from: 'ZBE-1', of: 'Encounter', url: url('movement-id'), type: 'string' },
        { from: 'ZBE-2', of: 'Encounter', url: url('movement-start'), type: 'dateTime' },
      ],
    },
    ZIN: { extensions: [{ from: 'ZIN-2.1', of: 'Patient', url: url('insurance-class'), type: 'code' }] },
    ZDR: {},
  },
  samples: [
    {
      file: 'marien/transfer-as-update.hl7',
      expect: {
        ack: 'AA',
        event: 'A02',
        occurredAt: '2026-07-04T22:15:00+02:00',
        charset: 'windows-1252',
        identifiers: [
          { system: 'urn:oid:2.16.840.1.113883.2.16.1.77', value: '4711' },
          { system: 'urn:oid:2.16.840.1.113883.2.16.1.78', value: '99' },
        ],
        class: 'I',
        location: { ward: 'C2', room: '211', bed: '2' },
        fields: {
          'PID-3.5': 'MR',
          'PID-3[2].5': 'MR',
          'PID-5.1': 'Müller–Škoda',
          'PID-18.1': 'K-2002',
          'PV1-19.1': 'F-77001',
          'ZIN-4': null,
        },
        extensions: {
          [url('movement-id')]: '9001',
          [url('movement-start')]: '2026-07-04T22:15:00+02:00',
          [url('insurance-class')]: '2',
        },
        unknownSegments: ['ZXY'],
      },
    },
    { file: 'marien/billing.hl7', expect: { ack: 'AA', skip: 'billing-update', event: 'A08' } },
    { file: 'marien/class-change.hl7', expect: { ack: 'AR', errors: ['AORTA_PROFILE_003'], event: 'A06' } },
  ],
});
