/** Puts a stream of text together into lines, none longer than a limit. */
export class LineReader {
  private parts: string[] = [];
  private chars = 0;

  /**
   * @param mostChars Longest line, in characters.
   * @param onLine Gets each whole line.
   * @param onTooLong Called when a line grows beyond the limit; what came of it is dropped.
   */
  constructor(
    private readonly mostChars: number,
    private readonly onLine: (line: string) => void,
    private readonly onTooLong: () => void,
  ) {}

  push(text: string): void {
    const [first = '', ...rest] = text.split('\n');
    this.add(first);
    for (const next of rest) {
      const line = this.parts.join('');
      this.clear();
      this.onLine(line);
      this.add(next);
    }
  }

  private add(part: string): void {
    this.parts.push(part);
    this.chars += part.length;
    if (this.chars <= this.mostChars) return;
    this.clear();
    this.onTooLong();
  }

  private clear(): void {
    this.parts = [];
    this.chars = 0;
  }
}
