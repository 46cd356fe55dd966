/** Where a command writes. */
export interface Output {
  /** Whether stdout gets one JSON object a line, and nothing else. */
  readonly json: boolean;
  /** A result: the object on stdout where JSON is wanted, else the text. */
  result(text: string, object: Readonly<Record<string, unknown>>): void;
  /** A remark for people, on stderr. */
  note(text: string): void;
}

export function output(json: boolean): Output {
  return {
    json,
    result: (text, object) => {
      process.stdout.write(`${json ? JSON.stringify(object) : text}\n`);
    },
    note: (text) => {
      process.stderr.write(`${text}\n`);
    },
  };
}
