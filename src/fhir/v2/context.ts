/** What the mapping needs to know besides the message. */
export interface MappingContext {
  /** Zone of times that carry no offset: IANA name or `+05:30`. */
  readonly zone: string;
  /** Identifier systems of assigning authorities known by namespace only. */
  readonly systems?: Readonly<Record<string, string>>;
}
