// Figures as people read them, and a table of text, printed row by row as results come.

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1e-3) return `${(seconds * 1e6).toPrecision(3)} µs`;
  if (seconds < 1) return `${(seconds * 1e3).toPrecision(3)} ms`;
  return `${seconds.toPrecision(3)} s`;
}

/** GFLOP/s where operations are counted, else GB/s. */
export function rate({ flop, bytes }, seconds) {
  if (flop) return `${(flop / seconds / 1e9).toFixed(1)} GFLOP/s`;
  return bytes ? `${(bytes / seconds / 1e9).toFixed(1)} GB/s` : '';
}

/** Decimal units, as in GB/s. @param {number} count */
export function bytes(count) {
  return count < 1e9 ? `${(count / 1e6).toPrecision(3)} MB` : `${(count / 1e9).toPrecision(3)} GB`;
}

/** The least memory of the sides that tell it, in bytes. */
export function leastMemory(sides) {
  const known = sides.flatMap(({ memory }) => (memory ? [memory.resident] : []));
  return known.length > 0 ? Math.min(...known) : null;
}

export const percent = (share) => `${Math.round(100 * share)}%`;

/** A ratio with the least and greatest of its trials. */
export const times = ({ ratio, low, high }) => `${ratio.toFixed(2)}x [${low.toFixed(2)}–${high.toFixed(2)}]`;

/**
 * @param {readonly { title: string, width: number }[]} columns the first is aligned left, the others right
 * @param {(line: string) => void} print
 */
export function table(columns, print) {
  const row = (cells) => {
    const padded = columns.map(({ width }, index) => {
      const cell = cells[index] ?? '';
      return index === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    print(padded.join('  ').trimEnd());
  };
  row(columns.map(({ title }) => title));
  row(columns.map(({ width }) => '-'.repeat(width)));
  return { row };
}
