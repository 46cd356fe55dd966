import { measureRow } from '../../bench/row.mjs';
import { workloadNamed } from '../../bench/workloads/index.mjs';

const workload = workloadNamed('gemm-64', 'cpu');
const setting = { env: process.env, machine: { threads: 1 } };

/** A peer whose trials take these seconds, one after the other; a negative one fails. */
function fakePeer(mode, seconds) {
  let trial = 0;
  const command = ({ threads }) => {
    const s = seconds[trial++];
    const line = JSON.stringify({ peer: 'fake-1', mode, s, min: s / 2, n: 4, threads });
    return [process.execPath, ['-e', s < 0 ? 'throw new Error("no peer")' : `console.log('${line}')`]];
  };
  return { name: 'fake', mode, has: (_, given) => given !== 'never', command };
}

const given = (sides) => ({ sides, device: 'cpu', budget: 0, trials: 3, unchecked: true });

test('a row: medians of the trials, ratios of pairs, the fastest peer marked, what a peer has not left out', () => {
  const slow = fakePeer('slow', [300, 100, 200]);
  const fast = fakePeer('fast', [30, 10, 20]);
  const row = measureRow(workload, given([slow, fast, fakePeer('never', [])]), setting, fail);
  const { hebb, peers } = row;
  expect(hebb.trials).toHaveLength(3);
  expect(hebb.gflops).toBeCloseTo(workload.flop / hebb.s / 1e9, 0);
  expect(peers.map(({ mode, s, min, n, fastest }) => [mode, s, min, n, fastest])).toEqual([
    ['slow', 200, 50, 12, false],
    ['fast', 20, 5, 12, true],
  ]);
  expect(peers[1].ratio).toBe(20 / hebb.s);
  const pairs = hebb.trials.map((s, index) => [30, 10, 20][index] / s);
  expect(peers[1].low).toBe(Math.min(...pairs));
  expect(peers[1].high).toBe(Math.max(...pairs));
  expect(peers[0].threads).toBe(1);
});

test('a peer that fails is left out and reported; the others stay', () => {
  const problems = [];
  const sides = [fakePeer('broken', [10, -1, 10]), fakePeer('sound', [10, 10, 10])];
  const { peers } = measureRow(workload, given(sides), setting, (problem) => problems.push(problem));
  expect(peers.map(({ mode }) => mode)).toEqual(['sound']);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^gemm-64: fake broken: /);
});

function fail(problem) {
  throw new Error(problem);
}
