// Comparison of tensors with a bound stated in units of float rounding.

/** Half the distance from 1 to the next float32. */
export const roundoff = 2 ** -24;

/** Fails when |got - want| exceeds `units` · 2^-24 · max(|want|, scale) anywhere; 0 units: bit-equal but for the sign of zero. */
export function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, units: number, scale = 1): void {
  if (got.length !== want.length) throw new Error(`${got.length} values, not ${want.length}`);
  for (let index = 0; index < want.length; index++) {
    const a = got[index] as number;
    const b = want[index] as number;
    const bound = units * roundoff * Math.max(Math.abs(b), scale);
    if (Number.isNaN(a) && Number.isNaN(b)) continue;
    if (a === b || Math.abs(a - b) <= bound) continue;
    throw new Error(`element ${index} is ${a}, not ${b} within ${bound}`);
  }
}
