export const flags: readonly string[];
export const malloc: Readonly<Record<string, string>>;
