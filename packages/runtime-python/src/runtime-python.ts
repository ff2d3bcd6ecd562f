import { coreError } from '@backplane/core'

/** Options of {@link runtimePython}. */
export interface RuntimePythonInit {
  /** What comes before the name. @default 'Hello' */
  readonly greeting?: string
}

/** What {@link runtimePython} needs from its host. */
export interface RuntimePythonComponents {
  /** Takes one line for each greeting. */
  readonly logger: { info(message: string): void }
}

/** Greets by name. */
export interface RuntimePython {
  /** Gives the greeting of `name`. Throws `BP_INVALID_ARGUMENT` if it is empty. */
  greet(name: string): string
}

/** Makes a greeter. Not for anything but showing the shape of a package. */
export function runtimePython(init: RuntimePythonInit = {}): (components: RuntimePythonComponents) => RuntimePython {
  const greeting = init.greeting ?? 'Hello'
  return ({ logger }) => ({
    greet(name) {
      if (name === '') throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'name', reason: 'it is empty' } })
      logger.info(`greeting ${name}`)
      return `${greeting}, ${name}!`
    },
  })
}
