import type { Load, LoadReport } from './load';
import type { StampReport, StampSettings } from './stamps';
import type { Places, Standing, WorkerSettings } from './system';

/** What a process of a measurement is told at its start, as JSON in its only argument. */
export type Role =
  | { readonly role: 'producer'; readonly module: string; readonly exported: string; readonly places: Places }
  | {
      readonly role: 'worker';
      readonly module: string;
      readonly exported: string;
      readonly places: Places;
      readonly settings: WorkerSettings;
      readonly stamps: StampSettings;
    };

/** What may be asked of such a process, and what it answers. */
export interface Asks {
  load: { readonly with: Load; readonly answer: LoadReport };
  /**
   * Waits until every task has ended by the word of the stores, looking every `pollMs`; answers when that was seen. Throws
   * when none ended for `standstillMs`.
   */
  settle: { readonly with: { readonly standstillMs: number; readonly pollMs: number }; readonly answer: number };
  hold: { readonly with: undefined; readonly answer: undefined };
  /** Answers when it was done, by `clockMs`. */
  release: { readonly with: undefined; readonly answer: number };
  standing: { readonly with: undefined; readonly answer: Standing };
  stamps: { readonly with: undefined; readonly answer: StampReport };
}

export type AskName = keyof Asks;

export interface Question {
  readonly id: number;
  readonly ask: AskName;
  readonly with?: unknown;
}

export type Told =
  | { readonly id: number; readonly answer?: unknown; readonly error?: string }
  | { readonly event: 'ready' | 'first' | 'ended' };
