import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

export interface Faint {
  readonly text: string;
  readonly ratio: number;
}

const script = readFileSync(join(import.meta.dirname, 'in-page/faint-texts.js'), 'utf8');

/** Visible text that is hard to read: contrast below 4.5 (WCAG 2.2, 1.4.3 AA). */
export const faintTexts = (page: Page): Promise<readonly Faint[]> => page.evaluate(script);
