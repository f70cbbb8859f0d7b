import { readFileSync } from 'node:fs';

/** Thrown when no database is named; the message says which variable to set. */
export class DatabaseUrlMissing extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'DatabaseUrlMissing';
  }
}

/** The database to migrate: `DATABASE_URL`, or the content of the file that `DATABASE_URL_FILE` names. */
export function databaseUrl(env: Readonly<Record<string, string | undefined>>): string {
  const { DATABASE_URL: url, DATABASE_URL_FILE: file } = env;
  if (url && file) throw new DatabaseUrlMissing('Set DATABASE_URL or DATABASE_URL_FILE, not both.');
  const found = file ? contentOf(file) : url?.trim();
  if (!found) throw new DatabaseUrlMissing('Set DATABASE_URL, such as postgresql://user:password@host:5432/millrace.');
  if (!/^postgres(ql)?:\/\//.test(found)) {
    throw new DatabaseUrlMissing('DATABASE_URL must begin with postgresql:// or postgres://.');
  }
  return found;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new DatabaseUrlMissing(`DATABASE_URL_FILE cannot be read: ${error instanceof Error ? error.message : file}`);
  }
}
