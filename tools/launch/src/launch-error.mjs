// @ts-check
import { StackError } from '../../stack/src/index.mjs';

/** A command cannot do what it was asked to; the message says what to do. */
export class LaunchError extends StackError {}
