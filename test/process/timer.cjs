// How late a 1 ms timer on the JavaScript thread ever is while training steps of 100 ms and more run.
const { hebb, trainer } = require('./trainer.cjs');

async function main() {
  const { images, labels, step } = trainer(4096);
  const compiled = hebb.compile(step);
  await compiled(images, labels).item();
  let worst = 0;
  let due = performance.now() + 1;
  let ticks = 0;
  const tick = () => {
    const now = performance.now();
    worst = Math.max(worst, now - due);
    due = now + 1;
    ticks++;
    timer = setTimeout(tick, 1);
  };
  let timer = setTimeout(tick, 1);
  const durations = [];
  for (let index = 0; index < 10; index++) {
    const start = performance.now();
    await compiled(images, labels).item();
    durations.push(performance.now() - start);
  }
  clearTimeout(timer);
  durations.sort((a, b) => a - b);
  console.log(JSON.stringify({ worst, ticks, step: durations[durations.length >> 1] }));
}

main();
