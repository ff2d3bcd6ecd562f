import { BackplaneError } from '@backplane/core'

/** Most frames of others, and of our own and Node's, that are shown of one error. */
const mostTheirs = 8
const mostOurs = 3

/** Frames of an error: those of code that is neither ours nor Node's, then the others, each in its order. */
export interface Frames {
  readonly theirs: readonly string[]
  readonly ours: readonly string[]
}

/** Code of this family, installed or in a checkout, and Node's own. */
const own = /\bnode:|[\\/]@backplane[\\/]|[\\/]packages[\\/][a-z-]+[\\/](src|dist)[\\/]/

/**
 * What a stack says of the place where an error was thrown; of an error with a code of ours, that is its cause's. Gives
 * nothing where there is no such cause, or where no frame is anybody else's: our own code is no help to the author of a
 * plugin.
 */
export function framesOf(error: unknown): Frames | undefined {
  const thrown = origin(error)
  if (thrown === undefined || thrown instanceof BackplaneError) return undefined
  const lines = typeof thrown.stack === 'string' ? thrown.stack.split('\n') : []
  const frames = lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim())
  const theirs = frames.filter((frame) => !own.test(frame))
  if (theirs.length === 0) return undefined
  return { theirs: theirs.slice(0, mostTheirs), ours: frames.filter((frame) => own.test(frame)).slice(0, mostOurs) }
}

/** The error that began it: the last in the row of causes. */
function origin(error: unknown, depth = 0): Error | undefined {
  if (!(error instanceof Error)) return undefined
  return (depth < 5 ? origin(error.cause, depth + 1) : undefined) ?? error
}
