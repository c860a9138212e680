// Equality of types, also for unions and `never`; a mismatch does not compile.
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export const expectType = <_T extends true>(): void => {};
