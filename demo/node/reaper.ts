import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Ends the node's processes, and removes its temporary files, when the node itself ends in any way, SIGKILL included. */
export interface Reaper {
  watch(processGroup: number): void;
  release(processGroup: number): void;
  stop(): Promise<void>;
}

// It reads "+ pid" and "- pid" until its input ends, which happens when this process ends, however that comes about.
const script = `
groups=' '
while read -r change group; do
  case $change in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -TERM "-$group" 2>/dev/null; done
tries=0
for group in $groups; do
  while kill -0 "-$group" 2>/dev/null && [ $tries -lt 30 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL "-$group" 2>/dev/null
done
[ -z "$1" ] || rm -rf "$1"
exit 0
`;

/** @param temporary directory to remove in the end; none when undefined. */
export function startReaper(temporary: string | undefined): Reaper {
  // A session of its own, so that Ctrl-C in a terminal does not end it before it has done its work.
  const shell = spawn('/bin/sh', ['-c', script, 'reaper', temporary ?? ''], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const exited = once(shell, 'exit');
  return {
    watch: (processGroup) => shell.stdin.write(`+ ${processGroup}\n`),
    release: (processGroup) => shell.stdin.write(`- ${processGroup}\n`),
    stop: async () => {
      shell.stdin.end();
      await exited;
    },
  };
}
