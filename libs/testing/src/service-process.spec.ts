import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { workspaceRoot } from '@millrace/stack';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AddressTaken, EndedTooSoon, ServiceProcess } from './service-process';

/** Finds its port taken, a moment after whoever has it was asked. */
const TOO_LATE = `setTimeout(() => {
  console.log('the address is taken by another process');
  process.exit(1);
}, 300);`;

describe('ServiceProcess', () => {
  let folder: string;
  let somebodyElse: Server;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'service-process-'));
    somebodyElse = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(somebodyElse, 'listening');
  });

  afterEach(() => {
    somebodyElse.closeAllConnections();
    somebodyElse.close();
    rmSync(folder, { recursive: true });
  });

  it.each(['a log file', undefined])(
    'is not taken for ready when another process answers on its port (%s)',
    async (log) => {
      const program = join(folder, 'service.mjs');
      writeFileSync(program, TOO_LATE);
      const file = log && join(folder, 'service.log');
      // An earlier process of the same log did listen.
      if (file) writeFileSync(file, 'Listening\n');

      const { port } = somebodyElse.address() as AddressInfo;
      const bundle = relative(workspaceRoot, program);
      const starting = ServiceProcess.start('api', port, {}, file ? { bundle, log: file } : { bundle });

      await expect(starting).rejects.toThrow(AddressTaken);
    },
  );

  it('tells one that ended by itself from one that is slow', async () => {
    const program = join(folder, 'service.mjs');
    writeFileSync(program, "console.log('Listening, and gone');");

    const starting = ServiceProcess.start('service', 1, {}, { bundle: relative(workspaceRoot, program) });

    await expect(starting).rejects.toThrow(EndedTooSoon);
    await expect(starting).rejects.toThrow('Listening, and gone');
  });
});
