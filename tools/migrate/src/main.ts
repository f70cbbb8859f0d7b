import 'reflect-metadata';
import { migrate } from '@millrace/store';
import { databaseUrl } from './database-url';

const HELP = `Usage: node main.js [--help]

Brings the database that DATABASE_URL names (or the file DATABASE_URL_FILE) up to the version this release needs, in one
transaction. Safe to run at any time and several times at once; running services need no stop.

Exit code: 0 the database is up to date, 1 it is not, 2 wrong usage.
`;

const [argument] = process.argv.slice(2);
if (argument === '--help' || argument === '-h') {
  process.stdout.write(HELP);
} else if (argument !== undefined) {
  process.stderr.write(`Unknown argument ${argument}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  await run();
}

async function run(): Promise<void> {
  try {
    await migrate(databaseUrl(process.env), (line) => process.stdout.write(`${line}\n`));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
