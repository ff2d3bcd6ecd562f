const key = Symbol.for('backplane.handshake-grpc.endingSignals')
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Ends something gently; a second signal hurries it. */
type Ending = (hurry: boolean) => Promise<void>

interface Watch {
  readonly endings: Set<Ending>
  listener(signal: NodeJS.Signals): void
  told: boolean
}

/**
 * Runs `ending` when a signal would end this process, and then lets it end as it would have; gives what takes that
 * back. Where anybody else listens for the signal, that one decides, and nothing is done here.
 *
 * The set hangs on the process, so that two copies of the package share it.
 */
export function onEndingSignal(ending: Ending): () => void {
  const holder = process as { [key]?: Watch } & NodeJS.Process
  holder[key] ??= begin()
  const watch = holder[key]
  watch.endings.add(ending)
  return () => {
    watch.endings.delete(ending)
    if (watch.endings.size > 0 || watch.told || holder[key] !== watch) return
    for (const signal of signals) process.off(signal, watch.listener)
    delete holder[key]
  }
}

function begin(): Watch {
  const watch: Watch = {
    endings: new Set(),
    told: false,
    listener(signal) {
      if (process.listenerCount(signal) > 1) return
      const hurry = watch.told
      watch.told = true
      void Promise.allSettled([...watch.endings].map((ending) => ending(hurry))).then(() => {
        for (const each of signals) process.off(each, watch.listener)
        process.kill(process.pid, signal)
      })
    },
  }
  for (const signal of signals) process.on(signal, watch.listener)
  return watch
}
