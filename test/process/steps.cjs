// steps.cjs eager|compiled STEPS: memory() and RSS after a tenth of the steps and after all of them.
const { hebb, trainer } = require('./trainer.cjs');

async function main(mode, steps) {
  const { model, images, labels, step } = trainer(4);
  const run = mode === 'compiled' ? hebb.compile(step) : step;
  const settle = async () => {
    for (let round = 0; round < 3; round++) {
      global.gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await hebb.synchronize();
    const { rss, heapTotal, heapUsed } = process.memoryUsage();
    // V8 sizes its own heap as it likes: beside it, the process must not grow, and in it, what is in use must not.
    return { used: hebb.memory().used, reserved: hebb.memory().reserved, rss: rss - heapTotal, heapUsed };
  };
  let early;
  for (let index = 0; index < steps; index++) {
    run(images, labels);
    if (index % 100 === 99) await hebb.synchronize();
    if (index === steps / 10) early = await settle();
  }
  console.log(JSON.stringify({ early, late: await settle(), parameters: model.parameters().length }));
}

main(process.argv[2], Number(process.argv[3]));
