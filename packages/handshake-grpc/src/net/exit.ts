const key = Symbol.for('backplane.handshake-grpc.atExit')

type ExitListener = (() => void) & { [key]?: Set<() => void> }

/**
 * Runs `action` synchronously when this process exits; gives what takes it back. However many actions there are, the
 * process has one listener for them, and none when there are no actions.
 *
 * The set hangs on that listener, not on this module, so that two copies of the package share it.
 */
export function atExit(action: () => void): () => void {
  const found = (process.listeners('exit') as ExitListener[]).find((listener) => listener[key])
  const listener = found ?? install()
  const actions = listener[key] as Set<() => void>
  actions.add(action)
  return () => {
    actions.delete(action)
    if (actions.size === 0) process.off('exit', listener)
  }
}

function install(): ExitListener {
  const actions = new Set<() => void>()
  const listener: ExitListener = () => {
    for (const action of actions) {
      try {
        action()
      } catch {
        // The process is ending: the other actions still have their turn.
      }
    }
  }
  listener[key] = actions
  process.on('exit', listener)
  return listener
}
