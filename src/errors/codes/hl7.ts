import type { ErrorSpec } from '../error.ts';

export const hl7Errors = {
  AORTA_HL7_001: {
    class: 'Decode',
    message: 'Not an HL7 v2 message: {problem}.',
    remedy: 'See the quarantine entry; the sender was answered with a negative acknowledgement.',
  },
  AORTA_HL7_002: {
    class: 'Decode',
    message: 'The delimiters in MSH-1 and MSH-2 are not usable: {problem}.',
    remedy: 'The sender must write MSH-1 and MSH-2 as in HL7 v2.5.1 section 2.5.4, such as |^~\\&.',
  },
  AORTA_HL7_003: {
    class: 'Permanent',
    message: 'Messages of this type are not taken here (MSH-9.1).',
    remedy: 'Send ADT to this port, or add a flow that takes the type.',
  },
  AORTA_HL7_004: {
    class: 'Permanent',
    message: 'This trigger event is not taken here (MSH-9.2).',
    remedy: 'Filter the event at the sender, or add a flow that takes it.',
  },
  AORTA_HL7_005: {
    class: 'Permanent',
    message: 'The processing id is none of P, T, D (MSH-11).',
    remedy: 'Correct MSH-11 at the sender.',
  },
  AORTA_HL7_006: {
    class: 'Permanent',
    message: 'The HL7 version is not one of 2.1 to 2.9 (MSH-12).',
    remedy: 'Correct MSH-12 at the sender.',
  },
  AORTA_HL7_007: {
    class: 'Permanent',
    message: 'A required value is missing at {location}.',
    remedy: 'The sender must value it; fix and resubmit the quarantined message if its data is known.',
  },
  AORTA_HL7_008: {
    class: 'Permanent',
    message: 'The value at {location} is not a possible date or time.',
    remedy: 'Correct it at the sender; HL7 times read YYYYMMDDHHMMSS with an offset such as +0200.',
  },
  AORTA_HL7_009: {
    class: 'Permanent',
    message: 'The character set named in MSH-18 is not known here.',
    remedy: 'Use a value of HL7 table 0211 other than UTF-16 and UTF-32, such as UNICODE UTF-8 or 8859/1.',
  },
  AORTA_HL7_010: {
    class: 'Decode',
    message: 'The message holds bytes that are no characters of {charset}: wrong charset.',
    remedy: 'Make MSH-18 name the set that the sender really writes, or configure the default for empty MSH-18.',
  },
  AORTA_HL7_011: {
    class: 'Permanent',
    message: 'The value at {location} is too long or holds control characters.',
    remedy: 'Correct it at the sender.',
  },
  AORTA_HL7_012: {
    class: 'Permanent',
    message: 'The message holds a second MSH segment, after a lone line feed.',
    remedy: 'Other segments of it end with CR, so this may be text that quotes a message. The sender must end segments alike.',
  },
  AORTA_HL7_013: {
    class: 'Permanent',
    message: 'The message has more than {limit} segments.',
    remedy: 'Split the message at the sender, or raise the limit.',
  },
  AORTA_HL7_020: {
    class: 'Permanent',
    message: 'The text has characters that {charset} does not have.',
    remedy: 'Send it in UNICODE UTF-8.',
  },
  AORTA_HL7_021: {
    class: 'Permanent',
    message: '{path} is not a path into a message.',
    remedy: 'Write it like PID-3, PID-3[2].4.2 or OBX[3]-5.1.',
  },
  AORTA_HL7_030: {
    class: 'Permanent',
    message: 'The message has results of more than one patient: a second PID at {location}.',
    remedy: 'The sender must send one message a patient; split the message and resubmit its parts.',
  },
  AORTA_HL7_031: {
    class: 'Permanent',
    message: 'The status at {location} (table 0123: Y, Z) is an error, not the status of a result.',
    remedy: 'Y and Z answer queries. Find out at the sender why it sends them as results.',
  },
  AORTA_HL7_032: {
    class: 'Permanent',
    message: 'The merge names one patient on both sides: all identifiers of PID-3 are in MRG-1.',
    remedy: 'Nothing was merged. The sender must give the surviving patient in PID-3 and the other one in MRG-1.',
  },
  AORTA_HL7_033: {
    class: 'Permanent',
    message: 'The message merges more than one pair of patients: a second {location}.',
    remedy: 'The sender must send one message a pair; split the message and resubmit its parts.',
  },
  AORTA_HL7_040: {
    class: 'Permanent',
    message: 'The batch does not hold as many messages, or the file as many batches, as {location} says.',
    remedy: 'What it held was taken, message by message, and acknowledged so. Find out at the sender what is missing or too much.',
  },
  AORTA_HL7_041: {
    class: 'Permanent',
    message: 'The structure of the batch is wrong: {problem}.',
    remedy: 'What it held was taken, message by message. The sender must write FHS, BHS, messages, BTS, FTS (HL7 v2.5.1 section 2.10.3).',
  },
  AORTA_HL7_042: {
    class: 'Permanent',
    message: 'The batch has more than {limit} messages.',
    remedy: 'Nothing of it was taken. Split it at the sender, or raise limits.batchMessages.',
  },
} as const satisfies Record<string, ErrorSpec>;
