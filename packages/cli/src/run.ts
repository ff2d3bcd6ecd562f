import { BackplaneError } from '@backplane/core'
import { CommanderError } from 'commander'
import { cliError } from './errors.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { type CliIo, interrupt } from './io.ts'
import { makeProgram } from './program.ts'
import { Reporter } from './reporter.ts'

/**
 * Runs the command with these arguments (without `node` and the script) and gives its exit code, one of
 * {@link exitCodes}. Never rejects: what fails is said on `io.err`, with `--json` as one line
 * `{ error: { code, message, ... } }`.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  // Found before parsing, since what cannot be parsed must be reported in the form that was asked for as well.
  const reporter = new Reporter(io, {
    json: args.includes('--json'),
    quiet: args.includes('--quiet') || args.includes('-q'),
  })
  try {
    await makeProgram(io, reporter).parseAsync(args, { from: 'user' })
    return io.signal.aborted ? endedBy(io) : exitCodes.ok
  } catch (thrown) {
    if (thrown instanceof CommanderError) return usage(thrown, reporter)
    if (io.signal.aborted) return endedBy(io)
    const error = BackplaneError.from(thrown)
    reporter.failure(error)
    return exitCodeOf(error)
  }
}

/** Help and version are no errors, though they end the parsing like one. */
function usage(error: CommanderError, reporter: Reporter): number {
  if (error.exitCode === 0) return exitCodes.ok
  if (error.code === 'commander.help') return exitCodes.usage
  const reason = error.message.replace(/^error: /, '').replace(/\n/g, ' ')
  const sentence = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`.replace('..', '.')
  reporter.failure(cliError('BP_CLI_USAGE', { details: { reason: sentence } }))
  return exitCodes.usage
}

/** A request to stop is obeyed; an interrupt is what it is. */
function endedBy({ signal }: CliIo): number {
  const reason: unknown = signal.reason
  const interrupted = reason instanceof BackplaneError && reason.details.name === interrupt
  return interrupted ? exitCodes.interrupted : exitCodes.ok
}
