/**
 * The head that a redrive request names: `seq` of the row that its caller saw first on the patient's list. It stands at
 * the end of the request's id, so that it lies in the store with it. A request without one takes whatever head there is.
 */
export const withHead = (id: string, head: number | undefined): string => (head === undefined ? id : `${id}~head=${head}`);

/** `undefined`: the request names none. */
export function headOf(id: string): number | undefined {
  const [, head] = /~head=(\d{1,16})$/.exec(id) ?? [];
  return head === undefined ? undefined : Number(head);
}
