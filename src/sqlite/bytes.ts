/** A BLOB as Buffer, without a copy. SQLite hands out Uint8Arrays. */
export const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const bufferOrNull = (bytes: Uint8Array | null): Buffer | null => (bytes === null ? null : buffer(bytes));
