/** One bar: its length, and the span that a thin line shows over it. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** What is written beside it. */
  readonly text: string;
  readonly emphasis: 'ours' | 'other';
}

const WIDTH = 760;
const LABEL_WIDTH = 150;
const TEXT_WIDTH = 170;
const ROW = 28;
const TOP = 34;
const BAR = 16;
const FILL: Readonly<Record<Bar['emphasis'], string>> = { ours: '#1f6feb', other: '#8c959f' };

/** Horizontal bars from zero, as an SVG image that reads on light and dark pages. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const longest = Math.max(...bars.map(({ max }) => max));
  const room = WIDTH - LABEL_WIDTH - TEXT_WIDTH;
  const x = (value: number) => (LABEL_WIDTH + (longest > 0 ? (value / longest) * room : 0)).toFixed(1);
  const height = TOP + bars.length * ROW + 8;
  const rows = bars.map((bar, index) => {
    const middle = TOP + index * ROW + BAR / 2;
    return [
      `<text x="${LABEL_WIDTH - 8}" y="${middle + 4}" text-anchor="end">${escape(bar.label)}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${middle - BAR / 2}" width="${(Number(x(bar.value)) - LABEL_WIDTH).toFixed(1)}" height="${BAR}" fill="${FILL[bar.emphasis]}"/>`,
      `<path d="M${x(bar.min)} ${middle}H${x(bar.max)}M${x(bar.min)} ${middle - 4}V${middle + 4}M${x(bar.max)} ${middle - 4}V${middle + 4}" stroke="#24292f"/>`,
      `<text x="${Number(x(bar.max)) + 8}" y="${middle + 4}">${escape(bar.text)}</text>`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="#24292f">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="8" y="20" font-weight="600">${escape(title)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
