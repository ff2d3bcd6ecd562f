/** `peer.py` from here: one command after the other. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Interop } from '../harness.ts'
import type { Venv } from '../venv.ts'

/** A running Zenoh peer in Python. */
export interface PythonPeer extends AsyncDisposable {
  /** Runs one command of `peer.py` and gives its answer. */
  run<T = unknown>(command: string, given?: Readonly<Record<string, unknown>>): Promise<T>
}

/** Starts it on a bridge. */
export async function pythonPeer(
  kit: Interop,
  python: Venv,
  mode: 'client' | 'peer',
  locator: string,
): Promise<PythonPeer> {
  const args = [join(import.meta.dirname, 'peer.py'), mode, locator]
  const running = await kit.start(python.bin('python'), args, { ready: /READY/ })
  let answered = 0
  let last: Promise<unknown> = Promise.resolve()
  const answers = () => [...running.output().matchAll(/^ANSWER (.*)$/gm)].map((match) => match[1]!)
  const ask = async (command: string, given: Readonly<Record<string, unknown>>) => {
    running.write(`${JSON.stringify({ command, ...given })}\n`)
    const index = answered++
    for (let turn = 0; turn < 2000; turn++) {
      const answer = answers()[index]
      if (answer !== undefined) return JSON.parse(answer)
      if (/Traceback/.test(running.output())) throw new Error(running.output())
      await sleep(5)
    }
    throw new Error(`no answer to ${command}:\n${running.output()}`)
  }
  return {
    run(command, given = {}) {
      const answer = last.then(() => ask(command, given))
      last = answer.catch(() => {})
      return answer
    },
    [Symbol.asyncDispose]: () => running.stop(),
  }
}
