import { type Browser, chromium } from 'playwright-core';
import { need, which } from '../../src/services/machine/command.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Chromium of `AORTA_CHROMIUM`, of PATH, or installed now (Debian); else AORTA_SVC_002, one clear line. */
export const chromiumPath = (say: (line: string) => void = (line) => void process.stderr.write(`chromium  ${line}\n`)): Promise<string> =>
  need(
    'Chromium (browser tests)',
    'chromium',
    () => process.env['AORTA_CHROMIUM'] ?? names.map(which).find((path) => path !== undefined),
    say,
  );

/** Headless; it talks to nobody but the pages of the test. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: await chromiumPath(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
