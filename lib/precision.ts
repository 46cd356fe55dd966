// How accelerators compute: the precision of products, and whether the same bits come every time.
import { HebbError } from './errors';
import { native } from './native';

const PRECISIONS = ['float32', 'tf32', 'bfloat16'] as const;

/** What the factors of products are rounded to. */
export type Precision = (typeof PRECISIONS)[number];

/**
 * What matrix products and convolutions compute in, on devices that can: the relative rounding of each product is 2^-24
 * in `'float32'`, 2^-11 in `'tf32'` and 2^-8 in `'bfloat16'`; sums, parameters and all else are float32. The CPU computes
 * in float32 whatever it says. Process-wide, for all that is called from now on; compiled functions record anew.
 * Default: `'float32'`.
 */
export function setPrecision(precision: Precision): void {
  const number = PRECISIONS.indexOf(precision);
  if (number < 0) {
    throw new HebbError(`Expected a precision (${PRECISIONS.join(', ')}) but received '${String(precision)}'`);
  }
  native.setPrecision(number);
}

export function getPrecision(): Precision {
  return PRECISIONS[native.precision()] as Precision;
}

/**
 * Whether devices may use only algorithms that give the same bits every time. `false` lets libraries choose faster ones,
 * whose sums are in an order that changes from run to run. The CPU's bits are the same either way. Process-wide, for all
 * that is called from now on; compiled functions record anew. Default: true.
 */
export function setDeterministic(on: boolean): void {
  native.setDeterministic(on);
}

export function getDeterministic(): boolean {
  return native.deterministic();
}
