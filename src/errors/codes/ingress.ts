import type { ErrorSpec } from '../error.ts';

export const ingressErrors = {
  AORTA_INGRESS_001: {
    class: 'Overload',
    message: 'Ingress is busy: {waiting} messages wait to be stored.',
    remedy: 'The sender should try again later; look at the log and the identity store if this goes on.',
  },
  AORTA_INGRESS_002: {
    class: 'Transient',
    message: 'The message could not be stored: {store} failed.',
    remedy: 'Check the brokers and the database (or the data directory). Sending it again is safe: it is taken once.',
  },
  AORTA_INGRESS_003: {
    class: 'Transient',
    message: 'Another instance is still storing this message.',
    remedy: 'The sender should try again later. If that instance is gone for good, its message is finished after {seconds} s.',
  },
  AORTA_INGRESS_004: {
    class: 'Cancelled',
    message: 'Ingress is stopping.',
    remedy: 'The sender should connect again and send it again.',
  },
  AORTA_INGRESS_005: {
    class: 'Transient',
    message: 'The message was not durable within {seconds} s.',
    remedy: 'Look at the log and the identity store. Sending it again is safe: it is taken once.',
  },
  AORTA_INGRESS_006: {
    class: 'Defect',
    message: 'The record of an accepted message could not be made.',
    remedy: 'A defect of the entry point or of its schema: report it with the quarantined message.',
  },
  AORTA_INGRESS_007: {
    class: 'Transient',
    message: "The patient's identifiers are being moved by another instance.",
    remedy: 'The sender should try again later.',
  },
  AORTA_INGRESS_008: {
    class: 'Permanent',
    message: 'The one patient is not merged into the other.',
    remedy: 'Patient.link of both says who was merged into whom; a merge that was undone already is gone.',
  },
  AORTA_INGRESS_009: {
    class: 'Permanent',
    message: 'The surviving patient was merged into another one since.',
    remedy: 'Undo the later merge first.',
  },
  AORTA_INGRESS_010: {
    class: 'Transient',
    message: 'Another instance is still storing a message of the surviving patient.',
    remedy: 'Try again. If that instance is gone for good, start it again: it finishes what it owes.',
  },
  AORTA_MLLP_001: {
    class: 'Permanent',
    message: 'A frame is larger than {limit} bytes, or has no end.',
    remedy: 'The connection was closed. Check that the sender ends frames with 0x1C 0x0D, or raise limits.frameBytes.',
  },
  AORTA_MLLP_002: {
    class: 'Transient',
    message: 'A frame was begun and not ended in time.',
    remedy: 'The connection was closed. Check the network and the sender.',
  },
  AORTA_MLLP_003: {
    class: 'Transient',
    message: 'A frame was cut off: {problem}.',
    remedy: 'It was not acknowledged, so the sender will send it again.',
  },
  AORTA_MLLP_004: {
    class: 'Decode',
    message: 'Bytes outside of any frame.',
    remedy: 'Check that the sender speaks MLLP: 0x0B before and 0x1C 0x0D after each message.',
  },
  AORTA_MLLP_005: {
    class: 'Overload',
    message: 'Large frames of all connections hold more than {limit} bytes.',
    remedy: 'The connection was closed; the sender should try again later.',
  },
  AORTA_MLLP_006: {
    class: 'Transient',
    message: 'No acknowledgement within {seconds} s.',
    remedy: 'Send it again: the same message is taken once.',
  },
  AORTA_MLLP_007: {
    class: 'Transient',
    message: 'The connection was lost before the acknowledgement: {problem}.',
    remedy: 'Send it again: the same message is taken once.',
  },
  AORTA_MLLP_008: {
    class: 'Defect',
    message: 'The exchange failed.',
    remedy: 'A defect of the entry point: report it. The sender was answered AE.',
  },
  AORTA_MLLP_009: {
    class: 'Permanent',
    message: 'MLLP without TLS on {host}: whoever reads the network there reads the messages, and whoever reaches it can send some.',
    remedy:
      "Set mllp.tls in aorta.config.ts. Where the network is protected otherwise (a VPN, a private link), say so: mllp.plaintext: 'anywhere'.",
  },
  AORTA_MLLP_010: {
    class: 'Permanent',
    message: 'Certificate, key or CA of MLLP over TLS are not usable: {problem}.',
    remedy: 'Give PEM: the certificate with its chain, its private key, and the CAs that clients are checked against.',
  },
} as const satisfies Record<string, ErrorSpec>;
