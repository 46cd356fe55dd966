// workers.cjs ROUNDS: in each round 8 workers load the addon and compute; half are terminated in mid-work.
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');

const STEPS = 6;

async function work() {
  const { hebb, trainer } = require('./trainer.cjs');
  const { images, labels, step } = trainer(8);
  const compiled = hebb.compile(step);
  parentPort.postMessage({ started: true });
  if (workerData.endless) {
    for (;;) {
      compiled(images, labels);
      step(images, labels);
      if (Math.random() < 0.2) await hebb.synchronize();
      hebb.randn([1000]).data();
    }
  }
  const losses = [];
  for (let index = 0; index < STEPS; index++) losses.push(await (index % 2 ? compiled : step)(images, labels).item());
  parentPort.postMessage({ losses });
}

async function round() {
  const results = [];
  const workers = Array.from({ length: 8 }, (_, index) => {
    const worker = new Worker(__filename, { workerData: { endless: index % 2 === 1 } });
    return new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', resolve);
      worker.on('message', ({ started, losses }) => {
        if (started && index % 2 === 1) setTimeout(() => worker.terminate(), Math.random() * 30);
        if (losses) results.push(losses);
      });
    });
  });
  await Promise.all(workers);
  return results;
}

async function main(rounds) {
  const wrong = [];
  let expected;
  for (let index = 0; index < rounds; index++) {
    const results = await round();
    expected ??= results[0];
    if (results.length !== 4) wrong.push(`round ${index}: ${results.length} results`);
    for (const losses of results) if (String(losses) !== String(expected)) wrong.push(`round ${index}: ${losses}`);
  }
  console.log(JSON.stringify({ rounds, wrong, expected }));
}

if (isMainThread) main(Number(process.argv[2]));
else work();
