import { adt } from '../topologies/adt-admissions/messages.ts';
import { oru } from '../topologies/lab-results/messages.ts';

const doctor = 'D1^Welby^Marcus^A^Jr^Dr^^^GENHOSP^L^^^NPI';
const lab = {
  23: 'General Laboratory^L^^^^CLIA&2.16.840.1.113883.4.7&ISO^XX^^^05D0000001',
  24: 'Lab Lane 1^^Bern^BE^3007^CHE',
  25: 'D9^House^Gregory',
};

/** Messages as real systems send them: many fields of a segment at once, several segments of a kind, one message a kind of result. */
export const handmade: readonly (readonly [name: string, text: string])[] = [
  [
    'admission',
    adt({
      event: 'A01',
      at: '202605011000',
      place: '4W^401^A^GENHOSP',
      pid: {
        3: 'M100^^^GENHOSP^MR~123^^^CITY&2.16.756.5.30&ISO^PI',
        4: 'OLD7^^^CLINIC^PT',
        5: 'Muster^Anna^Maria^^Dr^^L~Meier^Anna^^^^^M',
        6: 'Keller^Ruth',
        7: '197903051530',
        8: 'F',
        11: 'Lindenweg 7^Haus 2^Bern^BE^3007^CHE^H^^BE~PO Box 5^^Bern^^3001^^M',
        13: '^PRN^PH^^41^31^5550101~^NET^Internet^anna@example.org',
        14: '^WPN^PH^^41^31^5550102^22',
        15: 'de',
        16: 'M',
        17: 'CAT',
        18: 'ACC1^^^GENHOSP^AN',
        23: 'Thun',
        24: 'Y',
        25: '2',
        26: 'CHE',
        29: '20260501113000',
        30: 'Y',
      },
      pv1: {
        2: 'I',
        4: 'E',
        5: 'PRE1',
        7: doctor,
        8: 'D2^Brown^Emmett',
        9: 'D3^Strange^Stephen~D4^Grey^Meredith',
        10: 'CAR',
        13: 'R',
        14: '7',
        15: 'B6',
        16: 'VIP',
        17: doctor,
        36: '01',
        38: 'VEG',
        44: '20260501095500',
        52: 'D5^Dorian^John',
      },
      pv2: { 3: 'R07^Chest pain^I10', 8: '20260501', 9: '20260510', 11: '9', 12: 'Referred by phone', 25: '2', 38: 'A' },
      more: [
        'NK1|1|Muster^Peter|SPO|Lindenweg 7^^Bern|^PRN^PH^^41^31^5550103|^WPN^PH^^^^5550104|N|20200101|||||||M|19780101',
        'NK1|2|Muster^Eva|MTH||^PRN^PH^^^^5550105|||||||||||F|19500101||||de',
        'AL1|1|DA|7980^Penicillin^RXNORM|SV|Hives~Wheezing|20200101',
        'AL1|2|FA|NUT^Nuts^L|MI|Itching',
        'DG1|1||J18.9^Pneumonia^I10|Pneumonia of the left lobe|20260430|A|||||||||1|D1^Welby^Marcus',
        'DG1|2||I10^Hypertension^I10||20200101|F|||||||||2',
      ],
    }),
  ],
  [
    'discharge',
    adt({
      event: 'A03',
      at: '202605021000',
      place: '4W^401^A^GENHOSP',
      pv1: { 36: '01', 37: 'SNF', 44: '202605010900', 45: '202605020930' },
    }),
  ],
  ['transfer', adt({ event: 'A02', at: '202605011200', place: '5E^501^B^GENHOSP', from: '4W^401^A^GENHOSP' })],
  ['registration', adt({ event: 'A04', at: '202605011000', pv1: { 2: 'O', 7: doctor } })],
  ['pre-admission', adt({ event: 'A05', at: '202605011000', pv1: { 2: 'P', 42: '7E^700^A^GENHOSP' } })],
  ['update', adt({ event: 'A08', at: '202605011000', pid: { 13: '031 555 01 99' } })],
  ['new-person', adt({ event: 'A28', at: '202605011000', pv1: null, more: ['PD1|||Praxis Nord^^^^^GENHOSP^^^^P9|D1^Welby^Marcus'] })],
  ['person-update', adt({ event: 'A31', at: '202605011000', pv1: null, pid: { 5: 'Muster-Meier^Anna' } })],
  [
    'blood-count',
    oru({
      at: '202605011000',
      id: 'O1',
      orders: [
        {
          filler: 'F100',
          placer: 'P100',
          code: '58410-2^CBC panel^LN',
          at: '202605010900',
          changed: '202605010955',
          orc: { 1: 'RE', 2: 'P100', 3: 'F100', 9: '202605010800', 12: doctor },
          fields: { 16: doctor },
          spm: [{ 1: '1', 2: '&S100', 4: 'BLD', 17: '202605010900', 18: '202605010915' }],
          results: [
            {
              type: 'NM',
              code: '718-7^Hemoglobin^LN',
              value: '7.2',
              fields: { 6: 'g/dL^^UCUM', 7: '12.0-16.0', 8: 'LL', 14: '202605010900', 16: doctor },
              notes: ['Called to ward'],
            },
            { type: 'NM', code: '6690-2^Leukocytes^LN', value: '5.40', fields: { 6: '10*3/uL^^UCUM', 7: '<11', 8: 'N' } },
            { type: 'SN', code: '777-3^Platelets^LN', value: '>^400', fields: { 6: '10*3/uL^^UCUM', 7: '>=150' } },
          ],
        },
      ],
    }),
  ],
  [
    'microbiology',
    oru({
      at: '202605011000',
      id: 'O2',
      orders: [
        {
          filler: 'F200',
          code: '600-7^Blood culture^LN',
          results: [
            { type: 'CWE', code: '600-7^Bacteria identified^LN', value: '112283007^Escherichia coli^SCT', fields: { 8: 'A', ...lab } },
            { type: 'ST', code: '18769-0^Susceptibility^LN', value: 'Resistant' },
            { type: 'TX', code: '8251-1^Comment^LN', value: 'First line~Second line' },
            { type: 'SN', code: '5334-2^Titer^LN', value: '^1^:^128' },
          ],
        },
      ],
    }),
  ],
  ...(['P', 'C', 'X'] as const).map(
    (status) =>
      [
        `status-${status}`,
        oru({
          at: '202605011000',
          id: `O3${status}`,
          orders: [{ filler: 'F300', status, results: [{ type: 'NM', value: status === 'X' ? '' : '5', status }] }],
        }),
      ] as const,
  ),
  [
    'values',
    oru({
      at: '202605011000',
      id: 'O4',
      orders: [
        {
          filler: 'F400',
          results: [
            { type: 'DT', code: 'D1^Date^L', value: '20260501' },
            { type: 'TM', code: 'D2^Time^L', value: '1530' },
            { type: 'TS', code: 'D3^Moment^L', value: '202605011530+0200' },
            { type: 'DR', code: 'D4^Period^L', value: '20260501^20260502' },
            { type: 'NR', code: 'D5^Range^L', value: '3^5' },
            { type: 'CE', code: 'D6^Code^L', value: 'A^Alpha^L~B^Beta^L' },
            { type: 'IS', code: 'D7^Code^L', value: 'Y' },
          ],
        },
      ],
    }),
  ],
  [
    'document',
    oru({
      at: '202605011000',
      id: 'O5',
      orders: [
        {
          filler: 'F500',
          code: '11502-2^Laboratory report^LN',
          results: [{ type: 'ED', code: '11502-2^Laboratory report^LN', value: '^AP^PDF^Base64^JVBERi0xLjQ=' }],
        },
      ],
    }),
  ],
];
