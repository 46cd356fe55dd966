import { noGrad } from '../autograd';
import { add, mul } from '../ops/binary';
import type { Tensor } from '../tensor';

/** The mean of losses, summed on the device, so that adding one waits for nothing. */
export class LossMeter {
  #sum: Tensor | undefined;
  #count = 0;
  #reading: Promise<number> | undefined;
  #latest: number | undefined;

  /** The mean as it was last read; undefined before. */
  get latest(): number | undefined {
    return this.#latest;
  }

  add(loss: Tensor): void {
    const before = this.#sum;
    this.#sum = noGrad(() => (before === undefined ? mul(loss, 1) : add(before, loss)));
    before?.dispose();
    this.#count++;
  }

  /** Begins to read the mean, unless it is being read already: `latest` will have it. */
  refresh(): void {
    if (this.#reading !== undefined || this.#sum === undefined) return;
    const reading = this.#read();
    this.#reading = reading;
    const done = (): void => {
      this.#reading = undefined;
    };
    reading.then(done, done);
  }

  /** Reads the mean; 0 where nothing was added. */
  async mean(): Promise<number> {
    return this.#sum === undefined ? 0 : this.#read();
  }

  dispose(): void {
    this.#sum?.dispose();
    this.#sum = undefined;
  }

  async #read(): Promise<number> {
    const count = this.#count;
    this.#latest = (await (this.#sum as Tensor).item()) / count;
    return this.#latest;
  }
}
