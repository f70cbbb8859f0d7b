/** `UTC+1`, `GMT-05:00`, `+02:00`: what people write for a zone that has no summer time. */
const OFFSET = /^(?:utc|gmt)?\s*([+-])(\d{1,2})(?::?(\d{2}))?$/i;

/** Names further away than this are others, not slips of the pen. */
const MOST_SLIPS = 2;

/** No zone has a longer name; of others a message shows so much. */
const LONGEST = 64;

/** What is wrong with a name that is no time zone: where it departs from all names there are, and which may be meant. */
export function timeZoneFault(name: string): { readonly message: string; readonly position: number } {
  const zones = Intl.supportedValuesOf('timeZone');
  const position = Math.max(0, ...zones.map((zone) => sharedStart(zone.toLowerCase(), name.toLowerCase()))) + 1;
  const meant = offsetZone(name) ?? likelyZone(name, zones);
  const hint = meant === undefined ? ' such as Europe/Berlin' : `; did you mean ${meant}?`;
  const shown = name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name;
  return { message: `must be an IANA time zone${hint} (character ${position} of "${shown}")`, position };
}

/** A fixed offset has a name with the sign turned round; only whole hours have one. */
function offsetZone(name: string): string | undefined {
  if (/^z$/i.test(name.trim())) return 'UTC';
  const [, sign, hours = '', minutes = '00'] = OFFSET.exec(name.trim()) ?? [];
  if (sign === undefined || minutes !== '00' || Number(hours) > (sign === '+' ? 14 : 12)) return undefined;
  return Number(hours) === 0 ? 'UTC' : `Etc/GMT${sign === '+' ? '-' : '+'}${Number(hours)}`;
}

function likelyZone(name: string, zones: readonly string[]): string | undefined {
  const wanted = plain(name);
  const place = lastPart(wanted);
  const inPlace = zones.find((zone) => place !== '' && lastPart(plain(zone)) === place);
  if (inPlace !== undefined) return inPlace;
  const [nearest] = zones
    .map((zone) => ({ zone, slips: slipsBetween(plain(zone), wanted) }))
    .filter(({ slips }) => slips <= MOST_SLIPS)
    .sort((a, b) => a.slips - b.slips);
  return nearest?.zone;
}

const plain = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/\s*\/\s*/g, '/')
    .replace(/[\s-]+/g, '_');

const lastPart = (zone: string): string => zone.split('/').at(-1) ?? '';

function sharedStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

/** Letters to put in, take out or change to make one of the other. */
function slipsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MOST_SLIPS) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (let at = 1; at <= b.length; at += 1) {
      const changed = (row[at - 1] ?? 0) + (letter === b[at - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
