/** What the mapping needs to know besides the message. */
export interface MappingContext {
  /** Zone of times that carry no offset: IANA name or `+05:30`. */
  readonly zone: string;
  /** The sender's facility (MSH-4): where a location belongs that names no facility (PL.4). */
  readonly facility: string;
  /** Identifier systems of assigning authorities known by namespace only. */
  readonly systems?: Readonly<Record<string, string>>;
}
