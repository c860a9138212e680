const keptBytes = 64 * 1024;

/**
 * Bytes outside of frames: counted, and the start of each stretch kept for the quarantine. Line ends and NULs between
 * frames are a habit of some senders, and no fault.
 */
export class Outside {
  #pieces: Buffer[] = [];
  #kept = 0;
  #size = 0;
  /** Bytes since the last frame, line ends included. */
  total = 0;

  add(bytes: Buffer): void {
    this.total += bytes.length;
    if (this.#size === 0 && bytes.every((byte) => byte === 0x0d || byte === 0x0a || byte === 0)) return;
    this.#size += bytes.length;
    if (this.#kept >= keptBytes) return;
    const piece = Buffer.from(bytes.subarray(0, keptBytes - this.#kept));
    this.#pieces.push(piece);
    this.#kept += piece.length;
  }

  /** Ends the stretch: what is worth a quarantine entry, if anything. */
  take(): { readonly head: Buffer; readonly size: number } | undefined {
    const taken = this.#size === 0 ? undefined : { head: Buffer.concat(this.#pieces), size: this.#size };
    this.#pieces = [];
    this.#kept = this.#size = this.total = 0;
    return taken;
  }
}
