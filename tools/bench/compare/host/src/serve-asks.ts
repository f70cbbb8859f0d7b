import type { AskName, Asks, Question, Told } from './messages';

type Answers = { readonly [Name in AskName]?: (given: Asks[Name]['with']) => Promise<Asks[Name]['answer']> };

/** Tells the measurement that started this process. */
export function tell(told: Told): void {
  process.send?.(told);
}

/** Answers what the measurement asks, one thing at a time, and ends this process when the measurement is gone. */
export function serveAsks(answers: Answers): void {
  process.on('message', (question: Question) => void answer(answers, question));
  process.once('disconnect', () => process.exit(1));
}

async function answer(answers: Answers, { id, ask, with: given }: Question): Promise<void> {
  try {
    const known = answers[ask] as ((given: unknown) => Promise<unknown>) | undefined;
    if (!known) throw new Error(`This process does not answer ${ask}`);
    tell({ id, answer: await known(given) });
  } catch (error) {
    tell({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
