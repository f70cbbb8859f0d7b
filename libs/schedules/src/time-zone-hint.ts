/** The end of a message about an unknown zone: a likely name, or an example. */
export function timeZoneHint(name: string): string {
  const wanted = lastPart(name);
  const meant = Intl.supportedValuesOf('timeZone').find((zone) => wanted !== '' && lastPart(zone) === wanted);
  return meant ? `; did you mean ${meant}?` : ' such as Europe/Berlin';
}

const lastPart = (zone: string): string => (zone.split('/').at(-1) ?? '').toLowerCase().replace(/[\s-]+/g, '_');
