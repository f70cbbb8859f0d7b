import { join } from 'node:path';

/**
 * Where services of a clone leave files in development, such as mails that were not sent; removed when they have
 * expired. Elsewhere nobody may delete a file before somebody has said where.
 */
export function artifactFolders(nodeEnv: string): readonly string[] {
  return nodeEnv === 'development' ? [join(process.cwd(), '.millrace', 'mail')] : [];
}

/** The same in words, for the documentation of the variable. */
export const ARTIFACT_FOLDERS_TEXT = 'in development `.millrace/mail` of the working folder, else none';
