// Generated from ../job-status.avsc by `aorta schema gen`. Do not edit.

/** How a job ended. Metadata only: the result is at its place. */
export interface JobStatus {
  /** Id of the request that caused this. */
  readonly eventId: string;
  /** The job. */
  readonly jobId: string;
  /** Opaque id of the patient; equal to the record's key. */
  readonly patientId: string;
  /** Kind of work, such as clinical-draft. */
  readonly type: string;
  readonly status: JobOutcome;
  /** When it ended. Milliseconds since 1970 (UTC). */
  readonly occurredAt: number;
  /** Why it failed: a code of docs/errors.md. */
  readonly code: null | string;
  /** Reference of what was written, at the EHR. PHI. */
  readonly document: null | string;
}

/** How it ended. */
export type JobOutcome = "succeeded" | "failed" | "cancelled";

export const jobStatusSchema = {
  "type": "record",
  "name": "JobStatus",
  "namespace": "aorta.job",
  "doc": "How a job ended. Metadata only: the result is at its place.",
  "fields": [
    {
      "name": "eventId",
      "type": "string",
      "doc": "Id of the request that caused this."
    },
    {
      "name": "jobId",
      "type": "string",
      "doc": "The job."
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
      "name": "status",
      "type": {
        "type": "enum",
        "name": "JobOutcome",
        "doc": "How it ended.",
        "symbols": [
          "succeeded",
          "failed",
          "cancelled"
        ]
      }
    },
    {
      "name": "occurredAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      },
      "doc": "When it ended."
    },
    {
      "name": "code",
      "type": [
        "null",
        "string"
      ],
      "doc": "Why it failed: a code of docs/errors.md.",
      "default": null
    },
    {
      "name": "document",
      "type": [
        "null",
        "string"
      ],
      "doc": "Reference of what was written, at the EHR.",
      "phi": true,
      "default": null
    }
  ]
} as const;

/** SHA-256 of the schema's Parsing Canonical Form, hex. */
export const jobStatusFingerprint = 'e35cb508ac21636282accaeba5f215d964d0cc2d4b47c3c5f2ad29784a727a8d';
