// Generated from ../job-requested.avsc by `aorta schema gen`. Do not edit.

/** Work that somebody, or a flow, asks for about one patient. */
export interface JobRequested {
  /** Id of the request; set once, by who asks. Asking again has the same. */
  readonly eventId: string;
  /** The job; follows from who asked and their idempotency key. */
  readonly jobId: string;
  /** Opaque id of the patient; equal to the record's key. */
  readonly patientId: string;
  /** Kind of work, such as clinical-draft. */
  readonly type: string;
  /** Id of the actor who asked, or the name of a flow. */
  readonly requestedBy: string;
  /** When it was asked for. Milliseconds since 1970 (UTC). */
  readonly requestedAt: number;
}

export const jobRequestedSchema = {
  "type": "record",
  "name": "JobRequested",
  "namespace": "aorta.job",
  "doc": "Work that somebody, or a flow, asks for about one patient.",
  "fields": [
    {
      "name": "eventId",
      "type": "string",
      "doc": "Id of the request; set once, by who asks. Asking again has the same."
    },
    {
      "name": "jobId",
      "type": "string",
      "doc": "The job; follows from who asked and their idempotency key."
    },
    {
      "name": "patientId",
      "type": "string",
      "doc": "Opaque id of the patient; equal to the record's key."
    },
    {
      "name": "type",
      "type": "string",
      "doc": "Kind of work, such as clinical-draft."
    },
    {
      "name": "requestedBy",
      "type": "string",
      "doc": "Id of the actor who asked, or the name of a flow."
    },
    {
      "name": "requestedAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      },
      "doc": "When it was asked for."
    }
  ]
} as const;

/** SHA-256 of the schema's Parsing Canonical Form, hex. */
export const jobRequestedFingerprint = '6d4dda82d64d97653ebcef9f89a90a97c16918025045da41d5b08dbca078daf5';
