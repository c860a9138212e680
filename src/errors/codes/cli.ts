import type { ErrorSpec } from '../error.ts';

export const cliErrors = {
  AORTA_CLI_001: {
    class: 'Permanent',
    message: 'No Aorta runs on {data}: {problem}.',
    remedy: 'Start one with `aorta dev`, or name the folder of the running one with --data, or its address with --url.',
  },
  AORTA_CLI_002: {
    class: 'Permanent',
    message: 'The running Aorta answered {status} to {route}: {problem}.',
    remedy: 'For 401 and 403 set AORTA_TOKEN to a token with the operator role; otherwise the answer says what is wrong.',
  },
  AORTA_CLI_003: {
    class: 'Permanent',
    message: 'The file {file} exists already.',
    remedy: 'Choose another name, or remove the file.',
  },
  AORTA_CLI_004: {
    class: 'Permanent',
    message: 'The topology {file} cannot be loaded: {problem}.',
    remedy: 'Its default export must be a flow, or a function that gives one; `tsc -p .` shows mistakes in types.',
  },
  AORTA_CLI_005: {
    class: 'Permanent',
    message: "There is no {kind} '{name}'.",
    remedy: 'Known: {known}.',
  },
  AORTA_CLI_006: {
    class: 'Permanent',
    message: "'{name}' is not a name for a topology.",
    remedy: 'Use lower-case letters, digits and dashes, beginning with a letter: bed-board.',
  },
  AORTA_CLI_007: {
    class: 'Permanent',
    message: "'{name}' is not a name for a source profile.",
    remedy: 'Use lower-case letters, digits and dashes, beginning with a letter: west-campus. `none` means no profile.',
  },
  AORTA_CLI_008: {
    class: 'Permanent',
    message: 'The file {file} cannot be read: {problem}.',
    remedy: 'Name a file that exists and may be read, or - for stdin.',
  },
} as const satisfies Record<string, ErrorSpec>;
