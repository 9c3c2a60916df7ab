/** Started by a test as a process of its own: runs a node until it is killed, and prints the pids of its pods and its directory. */
import { startNode } from '../../../demo/node/startNode.ts';
import { images } from './workload.ts';

const [kubeconfig = '', namespace = ''] = process.argv.slice(2);
const node = await startNode({ kubeconfig, namespace, images });
const timer = setInterval(() => {
  const pids = node.pods().flatMap((pod) => pod.containers.flatMap(({ pid }) => pid ?? []));
  if (pids.length < 2 || !node.pods().every((pod) => pod.ready)) return;
  console.log(JSON.stringify({ pids, directory: node.directory }));
  clearInterval(timer);
}, 50);
