// Generated from ../timeline-event.avsc by `aorta schema gen`. Do not edit.

/** One event in a patient's history. */
export interface TimelineEvent {
  /** Id of the event that caused this one; set once, at ingress. */
  readonly eventId: string;
  /** Opaque id of the patient; equal to the record's key. */
  readonly patientId: string;
  readonly type: TimelineEventType;
  /** When it happened, by the sender's clock. Milliseconds since 1970 (UTC). */
  readonly occurredAt: number;
  /** When it became durable here. Milliseconds since 1970 (UTC). */
  readonly recordedAt: number;
  /** Where it came from: sending application|facility, or a partner. */
  readonly system: string;
  /** The sender's own id: MSH-10, a Bundle's id, a file and line. */
  readonly messageId: string;
  /** Encounter that it belongs to. PHI. */
  readonly encounterId: null | string;
  /** Point of care (PL.1). PHI. */
  readonly ward: null | string;
  /** Room (PL.2). PHI. */
  readonly room: null | string;
  /** Bed (PL.3). PHI. */
  readonly bed: null | string;
  /** For a Cancellation: event id of what it cancels. */
  readonly cancels: null | string;
}

/** What happened. */
export type TimelineEventType = "Admission" | "PreAdmission" | "Registration" | "Transfer" | "Discharge" | "Update" | "Cancellation" | "Merge" | "Result" | "Document" | "Task";

export const timelineEventSchema = {
  "type": "record",
  "name": "TimelineEvent",
  "namespace": "aorta.patient",
  "doc": "One event in a patient's history.",
  "fields": [
    {
      "name": "eventId",
      "type": "string",
      "doc": "Id of the event that caused this one; set once, at ingress."
    },
    {
      "name": "patientId",
      "type": "string",
      "doc": "Opaque id of the patient; equal to the record's key."
    },
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "TimelineEventType",
        "doc": "What happened.",
        "symbols": [
          "Admission",
          "PreAdmission",
          "Registration",
          "Transfer",
          "Discharge",
          "Update",
          "Cancellation",
          "Merge",
          "Result",
          "Document",
          "Task"
        ]
      }
    },
    {
      "name": "occurredAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      },
      "doc": "When it happened, by the sender's clock."
    },
    {
      "name": "recordedAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      },
      "doc": "When it became durable here."
    },
    {
      "name": "system",
      "type": "string",
      "doc": "Where it came from: sending application|facility, or a partner."
    },
    {
      "name": "messageId",
      "type": "string",
      "doc": "The sender's own id: MSH-10, a Bundle's id, a file and line."
    },
    {
      "name": "encounterId",
      "type": [
        "null",
        "string"
      ],
      "doc": "Encounter that it belongs to.",
      "phi": true,
      "default": null
    },
    {
      "name": "ward",
      "type": [
        "null",
        "string"
      ],
      "doc": "Point of care (PL.1).",
      "phi": true,
      "default": null
    },
    {
      "name": "room",
      "type": [
        "null",
        "string"
      ],
      "doc": "Room (PL.2).",
      "phi": true,
      "default": null
    },
    {
      "name": "bed",
      "type": [
        "null",
        "string"
      ],
      "doc": "Bed (PL.3).",
      "phi": true,
      "default": null
    },
    {
      "name": "cancels",
      "type": [
        "null",
        "string"
      ],
      "doc": "For a Cancellation: event id of what it cancels.",
      "default": null
    }
  ]
} as const;

/** SHA-256 of the schema's Parsing Canonical Form, hex. */
export const timelineEventFingerprint = '85977516be77f58af7ed65ec8aedba46523c5e37dcf392b060ec3e2d38176e26';
