/** Thrown by `within`. */
export class DeadlinePassed extends Error {
  constructor(readonly afterMs: number) {
    super(`No answer within ${afterMs}ms`);
    this.name = 'DeadlinePassed';
  }
}

/** What `work` settles with, or `DeadlinePassed` after `ms`. The work itself goes on and its end is then ignored. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlinePassed(ms)), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
