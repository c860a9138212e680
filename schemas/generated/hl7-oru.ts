// Generated from ../hl7-oru.avsc by `aorta schema gen`. Do not edit.

/** One HL7 v2 ORU message (results) as its sender wrote it, accepted and made durable by ingress. */
export interface Hl7Oru {
  /** Set once, at ingress. */
  readonly eventId: string;
  /** Opaque id of the patient; equal to the record's key. */
  readonly patientId: string;
  /** Sending application|sending facility (MSH-3, MSH-4). */
  readonly sender: string;
  /** Message control id (MSH-10). */
  readonly controlId: string;
  /** Trigger event (MSH-9.2), R01. */
  readonly event: string;
  /** Event time: EVN-6, else EVN-2, else MSH-7: an ORU seldom has an EVN. Milliseconds since 1970 (UTC). */
  readonly occurredAt: number;
  /** When ingress received the message. Milliseconds since 1970 (UTC). */
  readonly receivedAt: number;
  /** Character set of the raw bytes (MSH-18), as an IANA name. */
  readonly charset: string;
  /** The message's bytes; null when they are in the blob store. PHI. */
  readonly raw: null | Buffer;
  /** Reference into the blob store of a body above 256 KiB. */
  readonly blobRef: null | string;
  /** Length of the message in bytes. */
  readonly size: number;
  /** name@version of the source profile by which ingress read the message; null for none. */
  readonly profile: null | string;
}

export const hl7OruSchema = {
  "type": "record",
  "name": "Hl7Oru",
  "namespace": "aorta.hl7",
  "doc": "One HL7 v2 ORU message (results) as its sender wrote it, accepted and made durable by ingress.",
  "fields": [
    {
      "name": "eventId",
      "type": "string",
      "doc": "Set once, at ingress."
    },
    {
      "name": "patientId",
      "type": "string",
      "doc": "Opaque id of the patient; equal to the record's key."
    },
    {
      "name": "sender",
      "type": "string",
      "doc": "Sending application|sending facility (MSH-3, MSH-4)."
    },
    {
      "name": "controlId",
      "type": "string",
      "doc": "Message control id (MSH-10)."
    },
    {
      "name": "event",
      "type": "string",
      "doc": "Trigger event (MSH-9.2), R01."
    },
    {
      "name": "occurredAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      },
      "doc": "Event time: EVN-6, else EVN-2, else MSH-7: an ORU seldom has an EVN."
    },
    {
      "name": "receivedAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      },
      "doc": "When ingress received the message."
    },
    {
      "name": "charset",
      "type": "string",
      "doc": "Character set of the raw bytes (MSH-18), as an IANA name."
    },
    {
      "name": "raw",
      "type": [
        "null",
        "bytes"
      ],
      "doc": "The message's bytes; null when they are in the blob store.",
      "phi": true,
      "default": null
    },
    {
      "name": "blobRef",
      "type": [
        "null",
        "string"
      ],
      "doc": "Reference into the blob store of a body above 256 KiB.",
      "default": null
    },
    {
      "name": "size",
      "type": "int",
      "doc": "Length of the message in bytes."
    },
    {
      "name": "profile",
      "type": [
        "null",
        "string"
      ],
      "doc": "name@version of the source profile by which ingress read the message; null for none.",
      "default": null
    }
  ]
} as const;

/** SHA-256 of the schema's Parsing Canonical Form, hex. */
export const hl7OruFingerprint = 'f932603f190aea3640bfec65493f604951d6e6148ef9029c465968d95139372a';
