import { type Claim, done, type Given, not, type TableClaims } from './claim.ts';

const base = 'http://hl7.org/fhir/StructureDefinition';
const v2 = (table: string) => `http://terminology.hl7.org/CodeSystem/v2-${table}`;
const of = (by: string, field: string, text: string, path: string, is: string | number, more: Given = {}): Claim =>
  done(by, { [field]: text, ...more }, path, is);

const length = (path: string, is: string | number) => done('encounter.ts', { 'PV2-11': '4' }, `Encounter.length.${path}`, is, {});
export const nmLength: TableClaims = {
  table: 'NM[Quantity-LengthOfStay]',
  rows: {
    'NM.1 value': length('value', 4),
    'NM.1 unit': length('unit', 'days'),
    // The system's address has no slash at its end.
    'NM.1 system': length('system', 'http://unitsofmeasure.org'),
    'NM.1 code': length('code', 'd'),
  },
};
export const nmQuantity: TableClaims = {
  table: 'NM[Quantity]',
  rows: { 'NM.1 $value': of('quantity.ts', 'OBX-5', '5.4', 'Observation.valueQuantity.value', 5.4, { 'OBX-2': 'NM' }) },
};
export const nmPositive: TableClaims = {
  table: 'NM[positiveInt]',
  rows: { 'NM.1 $value': of('condition.ts', 'DG1-15', '2', 'Encounter.diagnosis.rank', 2, { 'DG1-3': 'J18^Pneumonia^I10' }) },
};
const sn = (text: string, path: string, is: string | number, without?: string): Claim =>
  done(
    'value.ts',
    { 'OBX-5': text, 'OBX-2': 'SN' },
    `Observation.${path}`,
    is,
    without === undefined ? undefined : { 'OBX-5': without, 'OBX-2': 'SN' },
  );
const original = `${base}/originalText`;
export const snQuantity: TableClaims = {
  table: 'SN[Quantity]',
  rows: {
    'SN extension[1].url': sn('>^3^.^9', 'valueQuantity.extension.url', original, '>^3'),
    'SN extension[1].valueString': sn('>^3^.^9', 'valueQuantity.extension.valueString', '> 3 . 9', '>^3'),
    'SN.1 comparator': sn('<^5', 'valueQuantity.comparator', '<'),
    'SN.2 value': sn('<^5', 'valueQuantity.value', 5),
  },
};
export const snRange: TableClaims = {
  table: 'SN[Range]',
  rows: {
    'SN extension[1].url': sn('^3^-^5', 'valueRange.extension.url', original, '^3'),
    'SN extension[1].valueString': sn('^3^-^5', 'valueRange.extension.valueString', '3 - 5', '^3'),
    'SN.2 low.value': sn('^3^-^5', 'valueRange.low.value', 3),
    'SN.4 high.value': sn('^3^-^5', 'valueRange.high.value', 5),
  },
};
export const snRatio: TableClaims = {
  table: 'SN[Ratio]',
  rows: {
    'SN extension[1].url': sn('^1^:^128', 'valueRatio.extension.url', original, '^1'),
    'SN extension[1].valueString': sn('^1^:^128', 'valueRatio.extension.valueString', '1 : 128', '^1'),
    'SN.1 numerator.comparator': sn('>^1^:^128', 'valueRatio.numerator.comparator', '>'),
    'SN.2 numerator.value': sn('^1^:^128', 'valueRatio.numerator.value', 1),
    'SN.4 denominator.value': sn('^1^:^128', 'valueRatio.denominator.value', 128),
  },
};
const value = (type: string, text: string, path: string, is: string | number) =>
  of('value.ts', 'OBX-5', text, `Observation.${path}`, is, { 'OBX-2': type });
export const nr: TableClaims = {
  table: 'NR[Range]',
  rows: {
    'NR.1 low.value': value('NR', '3^5', 'valueRange.low.value', 3),
    'NR.2 high.value': value('NR', '3^5', 'valueRange.high.value', 5),
  },
};
/** FHIR has the samples with a space between (SampledData.data), whatever the table's `^`. */
const samples = value('NA', '1^2^3^4', 'valueSampledData.data', '1 2 3 4');
export const na: TableClaims = {
  table: 'NA[SampledData]',
  rows: {
    'NA dimensions': done('value.ts', { 'OBX-5': '1^2~3^4', 'OBX-2': 'NA' }, 'Observation.valueSampledData.dimensions', 2, {
      'OBX-5': '1^2',
      'OBX-2': 'NA',
    }),
    'NA.1 data': samples,
    'NA.2 data': samples,
    'NA.3 data': samples,
    'NA.4 data': samples,
  },
};
export const drPeriod: TableClaims = {
  table: 'DR[Period]',
  rows: {
    'DR.1 start': value('DR', '20260501^20260502', 'valuePeriod.start', '2026-05-01'),
    'DR.2 end': value('DR', '20260501^20260502', 'valuePeriod.end', '2026-05-02'),
  },
};
export const drDateTime: TableClaims = {
  table: 'DR[dateTime]',
  rows: {
    'DR.1 $value': of('specimen.ts', 'SPM-17', '202605010900', 'Specimen.collection.collectedDateTime', '2026-05-01T09:00:00+00:00', {
      'SPM-4': 'BLD',
    }),
  },
};
export const dtm: TableClaims = {
  table: 'DTM[dateTime]',
  rows: { 'DTM.1 $value': of('datetime.ts', 'PV1-44', '202604300900-0500', 'Encounter.period.start', '2026-04-30T09:00:00-05:00') },
};
export const ts: TableClaims = {
  table: 'TS[dateTime]',
  rows: {
    'TS.1 $value': of('datetime.ts', 'OBR-14', '202605010900', 'Specimen.receivedTime', '2026-05-01T09:00:00+00:00', { 'OBR-15': 'BLD' }),
  },
};
const document = (text: string, path: string, is: string | number, without: string) =>
  done('topologies/lab-results/document.ts', { 'OBX-5': text, 'OBX-2': 'ED' }, path, is, { 'OBX-5': without, 'OBX-2': 'ED' });
const asType = not(
  'the content type comes from the document’s first bytes and its subtype; where neither tells it is application/octet-stream',
);
export const ed: TableClaims = {
  table: 'ED[Attachment]',
  rows: {
    'ED.2 extension[1].url': asType,
    'ED.2 extension[1].valueCodeableConcept': asType,
    'ED.3 contentType': document(
      '^AP^XML^A^some text',
      'Observation.extension.valueAttachment.contentType',
      'application/xml',
      '^^^A^some text',
    ),
    // The data is a Binary of its own (a large one in the blob store), to which the attachment's url leads.
    'ED.5 data': document('^TX^PLAIN^Base64^SGVsbG8=', 'Binary.data', 'SGVsbG8=', '^TX^PLAIN^Base64'),
  },
};
export const rp: TableClaims = {
  table: 'RP[Attachment]',
  rows: {
    'RP.1 url': value('RP', 'http://pacs/1^^image^jpeg', 'extension.valueAttachment.url', 'http://pacs/1'),
    'RP.3 contentType': value('RP', 'http://pacs/1^^image^x-special', 'extension.valueAttachment.contentType', 'image/x-special'),
  },
};
const entity = (text: string, path: string, is: string) => of('entity.ts', 'OBX-21', text, `Observation.identifier.${path}`, is);
export const eiIdentifier: TableClaims = {
  table: 'EI[Identifier-Extension]',
  rows: {
    'EI.1 value': entity('OB1^LAB', 'value', 'OB1'),
    // The table has no name for its extensions; an authority is a system, as everywhere.
    'EI.2 extension??-assigningauthority.nameSpaceID': entity('OB1^LAB', 'system', 'urn:id:LAB'),
    'EI.3 extention??-assigningauthority.universalID': entity('OB1^^1.2.3^ISO', 'system', 'urn:oid:1.2.3'),
    'EI.4 extension??-assigningauthority.univeralIDType': entity('OB1^^http://x.org/1^URI', 'system', 'http://x.org/1'),
  },
};
const parent = (text: string, path: string, is: string) =>
  of('condition.ts', 'DG1-22', text, `Condition.extension[condition-dueTo].valueReference.identifier.${path}`, is, {
    'DG1-3': 'J18^Pneumonia^I10',
    'PV1-19': 'V9',
  });
export const eiCondition: TableClaims = {
  table: 'EI[Condition]',
  rows: {
    'EI.1 identifier.value': parent('DX0^LAB', 'value', 'DX0'),
    'EI.2 assigner(Organization[1].identifier[1].value)': parent('DX0^LAB', 'assigner.display', 'LAB'),
    'EI.3 assigner(Organization[1].identifier[2].value)': parent('DX0^^1.2.3^ISO', 'system', 'urn:oid:1.2.3'),
    'EI.4 assigner(Organization[1].identifier[2].type)': parent('DX0^^http://x.org/1^URI', 'system', 'http://x.org/1'),
  },
};
const pair = (path: string, is: string, without: string): Claim =>
  done('entity.ts', { 'SPM-2': 'S1^S2', 'SPM-4': 'BLD' }, `Specimen.identifier.${path}`, is, { 'SPM-2': without, 'SPM-4': 'BLD' });
export const eipPlacer: TableClaims = {
  table: 'EIP[Identifier-PlacerAssignedIdentifier]',
  rows: {
    'EIP.1 value': pair('value', 'S1', '^S2'),
    'EIP.1 type.coding.code': pair('type.coding.code', 'PGN', '^S2'),
    'EIP.1 type.coding.system': pair('type.coding.system', v2('0203'), ''),
  },
};
export const eipFiller: TableClaims = {
  table: 'EIP[Identifier-FillerAssignedIdentifier]',
  rows: {
    'EIP.2 value': pair('value', 'S2', 'S1'),
    'EIP.2 type.coding.code': pair('type.coding.code', 'FGN', 'S1'),
    'EIP.2 type.coding.system': pair('type.coding.system', v2('0203'), ''),
  },
};
export const cq: TableClaims = {
  table: 'CQ[Quantity]',
  rows: {
    'CQ.1 value': of('specimen.ts', 'SPM-12', '5^mL', 'Specimen.collection.quantity.value', 5, { 'SPM-4': 'BLD' }),
    'CQ.2 unit': of('specimen.ts', 'SPM-12', '5^mL', 'Specimen.collection.quantity.unit', 'mL', { 'SPM-4': 'BLD' }),
  },
};
const source = (path: string, is: string) => of('specimen.ts', 'OBR-15', 'BLD^EDTK^Free words^LA&Left arm&L^^CLOT', `Specimen.${path}`, is);
export const sps: TableClaims = {
  table: 'SPS[Specimen-Source]',
  rows: {
    'SPS.1 type': source('type.coding.code', 'BLD'),
    'SPS.2 container.additiveCodeableConcept': source('container.additiveCodeableConcept.coding.code', 'EDTK'),
    'SPS.3 note(Annotation.text)': source('note.text', 'Free words'),
    'SPS.4 collection.bodySite': source('collection.bodySite.coding.code', 'LA'),
    'SPS.6 condition': source('condition.coding.code', 'CLOT'),
  },
};
const sub = (path: string, is: string | number): Claim =>
  of('observation.ts', 'OBX-4', 'whole^1^2^part', `Observation.extension[observation-v2-subid].extension${path}`, is);
const outer = done('observation.ts', { 'OBX-4': 'whole' }, 'Observation.extension.url', `${base}/observation-v2-subid`, {});
export const og: TableClaims = {
  table: 'OG[Extension-Subidentifier]',
  rows: {
    'OG.1 extension[1]:group.url': outer,
    'OG.1 extension[1]:orginal-sub-identiier.valueString': sub('[original-sub-identifier].valueString', 'whole'),
    'OG.2 extension[1]:group.url': outer,
    'OG.2 extension[1]:group.valueDecimal': sub('[group].valueDecimal', 1),
    'OG.3 extension[1]:group.url': outer,
    // The table repeats the name of the row above; the extension's part is "sequence".
    'OG.3 extension[1]:group.valueDecimal': sub('[sequence].valueDecimal', 2),
    'OG.4 extension[1]:group.url': outer,
    'OG.4 extension[1]:identifier.valueString': sub('[identifier].valueString', 'part'),
  },
};
export const tq: TableClaims = {
  table: 'TQ[ServiceRequest]',
  rows: {
    'TQ.6 priority': of('order.ts', 'ORC-7', '^^^^^S', 'DiagnosticReport.contained[ServiceRequest].priority', 'stat'),
    'TQ.8 note(Annotation.text)': of(
      'order.ts',
      'ORC-7',
      '^^^^^^^Call first',
      'DiagnosticReport.contained[ServiceRequest].note.text',
      'Call first',
    ),
  },
  otherwise: 'TQ is withdrawn since 2.7; how often something is to be done is the order’s, of which a report tells priority and words',
};
