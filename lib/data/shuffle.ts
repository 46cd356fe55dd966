/**
 * A random order of 0 … n-1 that depends on `seed` and `epoch` only (Fisher and Yates; Durstenfeld 1964), so that a
 * resumed training sees its images in the order of the one that was interrupted.
 */
export function permutation(n: number, seed: number, epoch: number): Uint32Array {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const next = generator(seed, epoch);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const kept = order[i] as number;
    order[i] = order[j] as number;
    order[j] = kept;
  }
  return order;
}

/** The small fast counter generator sfc32 of Chris Doty-Humphrey (PractRand): uniform in [0, 1), 32 bits each. */
function generator(seed: number, epoch: number): () => number {
  let a = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let c = epoch >>> 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // Neighbouring seeds start close to one another and need these rounds to part.
  for (let i = 0; i < 15; i++) next();
  return next;
}
