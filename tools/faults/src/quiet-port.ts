import { randomInt } from 'node:crypto';
import { freePort, PortTakenError } from '@millrace/stack';
import { AddressTaken } from '@millrace/testing';

/** So often another port is tried when somebody was quicker to take one. */
const TRIES = 5;
/** No outgoing connection is given one of these: a port must still be free when a killed server comes back. */
const LOWEST = 12_000;
const HIGHEST = 30_000;

/** Starts something on a free port that is none of `except`, and on another one when it turns out to be taken. */
export async function onQuietPort<T>(
  start: (port: number) => Promise<T>,
  except: () => readonly number[] = () => [],
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort(randomInt(LOWEST, HIGHEST), { except: except() });
    try {
      return await start(port);
    } catch (error) {
      const isTaken = error instanceof PortTakenError || error instanceof AddressTaken;
      if (!isTaken || tries >= TRIES) throw error;
    }
  }
}
