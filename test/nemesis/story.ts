/** What a run tells as it goes, with the seconds on the clock of its history, and what it found wrong. */
export class Story {
  readonly lines: string[] = [];
  readonly findings: string[] = [];

  tell(text: string): void {
    const seconds = (performance.now() / 1_000).toFixed(2).padStart(7);
    const line = `${seconds}  ${new Date().toISOString().slice(11, 23)}  ${text}`;
    this.lines.push(line);
    console.log(line);
  }

  finding(text: string): void {
    this.findings.push(text);
    this.tell(`!! ${text}`);
  }
}
