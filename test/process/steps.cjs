// steps.cjs eager|compiled STEPS: memory() and RSS after a tenth of the steps and after all of them. Where the process has
// grown meanwhile, as many steps again, twice at most: what leaks grows each time, a compiler's memory or an arena does not.
const { hebb, trainer } = require('./trainer.cjs');

const GROWTH = 4 * 2 ** 20;
const MOST_ROUNDS = 3;

async function main(mode, steps) {
  const { model, images, labels, step } = trainer(4);
  const run = mode === 'compiled' ? hebb.compile(step) : step;
  let largestHeap = 0;
  const settle = async () => {
    for (let round = 0; round < 3; round++) {
      global.gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await hebb.synchronize();
    const { rss, heapTotal, heapUsed } = process.memoryUsage();
    // V8 sizes its own heap as it likes, and keeps pages of one that has shrunk: beside the largest so far the process
    // must not grow, and in it, what is in use must not.
    largestHeap = Math.max(largestHeap, heapTotal);
    return { used: hebb.memory().used, reserved: hebb.memory().reserved, rss: rss - largestHeap, heapUsed };
  };
  const take = async (count) => {
    for (let index = 0; index < count; index++) {
      run(images, labels);
      if (index % 100 === 99) await hebb.synchronize();
    }
    return settle();
  };
  let early = await take(steps / 10);
  let late = await take((steps * 9) / 10);
  for (let round = 1; round < MOST_ROUNDS && late.rss - early.rss >= GROWTH; round++) {
    early = { ...early, rss: late.rss };
    late = await take((steps * 9) / 10);
  }
  console.log(JSON.stringify({ early, late, parameters: model.parameters().length }));
}

main(process.argv[2], Number(process.argv[3]));
