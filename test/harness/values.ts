// Inputs for tests: seeded, small integers (on which float arithmetic is exact) or floats away from kinks.

/** A linear congruential generator (Numerical Recipes): tests need repeatable, not good, numbers. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Integers from -4 to 4. */
export function integers(size: number, seed: number): Float32Array {
  const next = numbers(seed);
  return Float32Array.from({ length: size }, () => Math.floor(next() * 9) - 4);
}

/** Floats in ±[0.1, 2), no two closer than 2^-6, on a grid of 2^-10 so that steps of 2^-7 are exact. */
export function floats(size: number, seed: number): Float32Array {
  const next = numbers(seed);
  const spacing = 2 ** -6;
  const cells = Math.max(128, 2 * size);
  const order = Array.from({ length: cells }, (_, index) => index);
  for (let index = cells - 1; index > 0; index--) {
    const other = Math.floor(next() * (index + 1));
    [order[index], order[other]] = [order[other] as number, order[index] as number];
  }
  const scale = Math.max(1, 2 ** Math.ceil(Math.log2((cells * spacing) / 2)));
  return Float32Array.from({ length: size }, (_, index) => {
    const magnitude = 0.125 + (((order[index] as number) * spacing) / scale) * 0.9375;
    return (next() < 0.5 ? -1 : 1) * Math.fround(magnitude);
  });
}

/** As `floats`, but positive: for logarithms, roots and powers. */
export function positives(size: number, seed: number): Float32Array {
  return floats(size, seed).map(Math.abs);
}
