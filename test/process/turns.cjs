// How often the event loop has its turn while a program awaits one short result after the other.
const { zeros } = require('../../dist');

async function main() {
  const x = zeros([8]);
  for (let warmup = 0; warmup < 1000; warmup++) await x.data();
  let turns = 0;
  const turn = () => {
    turns++;
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  const start = performance.now();
  let reads = 0;
  for (; performance.now() - start < 500; reads++) await x.data();
  clearImmediate(immediate);
  console.log(JSON.stringify({ turns, reads, milliseconds: performance.now() - start }));
}

main();
