// @ts-check
import { LaunchError } from './launch-error.mjs';

/**
 * Reads a command's arguments: flags it knows, `--help`, and words where it takes them.
 *
 * @param {readonly string[]} args
 * @param {object} command
 * @param {string} command.help shown by `--help`
 * @param {readonly string[]} [command.flags] such as `--yes`
 * @param {'taken' | 'refused'} [command.words] default refused
 * @returns {{help: boolean, flags: string[], words: string[]}}
 * @throws {LaunchError} when an argument is not known
 */
export function readArguments(args, { help, flags = [], words = 'refused' }) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(help);
    return { help: true, flags: [], words: [] };
  }
  const unknown = args.find((arg) => (arg.startsWith('-') ? !flags.includes(arg) : words === 'refused'));
  if (unknown !== undefined) throw new LaunchError(`Unknown argument ${JSON.stringify(unknown)}.\n\n${help}`);
  return {
    help: false,
    flags: args.filter((arg) => arg.startsWith('-')),
    words: args.filter((arg) => !arg.startsWith('-')),
  };
}
