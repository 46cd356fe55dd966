// Results as they come: rows of a table, or lines of JSON.
import { floorSeconds } from './machine.mjs';
import { bytes, duration, leastMemory, percent, rate, table, times } from './table.mjs';

const widthOf = (name) => Math.max(9, name.length + 1);

/** Prints rows of a table; * is the fastest peer. */
export function tablePrinter({ sides, works }, limits) {
  const withPeers = sides.length > 0;
  const training = works.some(({ kind }) => kind === 'train');
  const nameOf = ({ name, mode }) => (sides.filter((side) => side.name === name).length > 1 ? mode : name);
  const columns = [
    { title: 'workload', width: Math.max(...works.map(({ name }) => name.length)) },
    { title: 'median', width: 9 },
    { title: 'minimum', width: 8 },
    { title: 'calls', width: 6 },
    { title: 'rate', width: 14 },
    { title: 'share', width: 5 },
    ...sides.map((side) => ({ title: nameOf(side), width: widthOf(nameOf(side)) })),
    ...(withPeers ? [{ title: 'ratio', width: 18 }] : []),
    ...(training ? [{ title: 'memory', width: 8 }] : []),
    ...(training && withPeers ? [{ title: "peers'", width: 8 }] : []),
  ];
  const { row } = table(columns, console.log);
  return (workload, { hebb, peers }) => {
    const cells = sides.map(({ name, mode }) => {
      const side = peers.find((peer) => peer.mode === mode && peer.side === name);
      return side ? `${duration(side.s)}${side.fastest ? '*' : ' '}` : '';
    });
    const fastest = peers.find((side) => side.fastest);
    const memory = workload.kind === 'train' ? [leastMemory([hebb]), leastMemory(peers)] : [];
    row([
      workload.name,
      `${duration(hebb.s)}${[hebb, ...peers].some(({ disturbed }) => disturbed) ? '!' : ' '}`,
      duration(hebb.min),
      String(hebb.n),
      rate(workload, hebb.s),
      limits ? percent(floorSeconds(limits, workload) / hebb.s) : '',
      ...cells,
      ...(withPeers ? [fastest ? times(fastest) : ''] : []),
      ...memory.slice(0, withPeers ? 2 : 1).map((size) => (size === null ? '' : bytes(size))),
    ]);
  };
}

export function jsonPrinter() {
  return (_, { hebb, peers, checked }) => {
    for (const result of [{ ...hebb, checked }, ...peers]) console.log(JSON.stringify(result));
  };
}
