import { type AortaError, error } from '../errors/index.ts';

export function port(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > 65_535) throw new Error(`'${text}' is not a port (0 to 65535; 0 picks a free one)`);
  return value;
}

const number = (brief: string, standard: number) =>
  ({ kind: 'parsed', parse: port, brief, default: String(standard), placeholder: 'port' }) as const;
const text = (brief: string, standard: string, placeholder: string) =>
  ({ kind: 'parsed', parse: String, brief, default: standard, placeholder }) as const;

export const dataFlag = text('Folder of the data', '.aorta', 'dir');

/** Flags that `dev` and `start` share. */
export const runFlags = {
  data: dataFlag,
  port: number('HTTP: dashboard, FHIR, operations', 4100),
  mllpPort: number('MLLP: HL7 v2 messages in', 2575),
  sftpPort: number('SFTP: files in, for topologies that take files', 2222),
  host: text('Address to listen on', '127.0.0.1', 'address'),
  json: { kind: 'boolean', brief: 'Print the ready event, then log lines, as JSON on stdout', default: false, withNegated: false },
} as const;

/** A usage error of a verb that the flag parsers cannot see. */
export function unknown(kind: string, name: string, known: readonly string[]): AortaError {
  return error('AORTA_CLI_005', { kind, name, known: known.join(', ') || 'none' });
}
