import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodeMessage } from './cell-messages';
import { Cells } from './cells';
import { CHANNEL_FD } from './process-body';

/** A cell that is ready at once, and ends for nobody. */
const READY = `require('node:fs').writeSync(${CHANNEL_FD}, ${JSON.stringify(`${encodeMessage({ kind: 'ready' })}\n`)});
setInterval(() => undefined, 1000);`;

it('the place of an attempt that is over before its cell is ready is free again, and the cell gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cells-'));
  const file = join(folder, 'cell.cjs');
  writeFileSync(file, READY);
  const cells = new Cells({ role: 'service', file }, 1);

  const place = cells.reserve();
  const opened = place?.open({ kind: 'process', memoryMiB: null });
  place?.leave();

  await expect(opened).rejects.toThrow('SIGKILL');
  await expect.poll(() => cells.busy).toBe(0);
  await cells.close();
  rmSync(folder, { recursive: true });
});
