import type { ErrorSpec } from '../error.ts';

export const profileErrors = {
  AORTA_PROFILE_001: {
    class: 'Permanent',
    message: 'Source profiles are not valid: {problem}.',
    remedy: 'Correct the named keys in sources/; `aorta check` lists every problem at once.',
  },
  AORTA_PROFILE_002: {
    class: 'Permanent',
    message: 'No source profile matches the sender ({location}), and senders without one are refused here.',
    remedy: 'Add a profile to sources/ (`aorta new source <name>`), or take strictSenders out of the configuration.',
  },
  AORTA_PROFILE_003: {
    class: 'Permanent',
    message: "The sender's profile refuses this event: {reason}.",
    remedy: "Filter the event at the sender, or change the rule under `events` in the sender's profile.",
  },
  AORTA_PROFILE_004: {
    class: 'Permanent',
    message: 'The file {file} gives no source profile: {problem}.',
    remedy: 'Its default export must be defineSourceProfile({ … }), or a list of versions with the newest first.',
  },
} as const satisfies Record<string, ErrorSpec>;
