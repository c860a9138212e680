/** What `aorta dev` and `aorta start` are called with (contract.md, CLI). */
export interface RunFlags {
  readonly data: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly mllpPort: number;
  readonly sftpPort: number;
  readonly host: string;
  readonly json: boolean;
}

export interface DevFlags extends RunFlags {
  /** The synthetic hospital; off with --no-feed. */
  readonly feed: boolean;
}

export interface StartFlags extends RunFlags {
  readonly config?: string;
}
