import { a } from './a.mjs';
import { b } from './b.mjs';
import { c, cp } from './c.mjs';
import { d } from './d.mjs';
import { e } from './e.mjs';

export const CANDIDATES = { a, b, c, cp, d, e };
