import { coreError } from '@backplane/core'
import { endProcess } from './end-process.ts'

/** What the command needs of the process that it runs in. */
export interface CliIo {
  /** Takes results. */
  readonly out: (text: string) => void
  /** Takes results that are bytes; absent where `out` is a terminal, whose reader is shown text. */
  readonly outBytes?: (bytes: Uint8Array) => void
  /** Takes errors, logs and progress. */
  readonly err: (text: string) => void
  /** Whether a person watches `err`: then it may show progress. */
  readonly errIsTerminal: boolean
  /** Whether what is said may be coloured. */
  readonly colors: boolean
  /** The environment, where settings and credentials come from that no option names. */
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Whether other programs of this user can read none of it, as far as this system has a way; absent where nobody
   * tried.
   */
  readonly environmentHidden?: boolean
  /** The folder, as an absolute path, that relative paths start from. */
  readonly cwd: string
  /** Aborts when the command is to end: its reason tells an interrupt from a request to stop. */
  readonly signal: AbortSignal
}

/** Set as `name` in the details of the reason when the user interrupts. */
export const interrupt = 'SIGINT'

/**
 * The real process. The first SIGINT, SIGTERM or SIGHUP (a terminal that closes) asks the command to end, a second
 * SIGINT ends it at once. Not for tests: they bring their own {@link CliIo}.
 */
export function processIo(known: Pick<CliIo, 'environmentHidden'> = {}): CliIo {
  const { stdout, stderr, env } = process
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted && name === 'SIGINT') endProcess(130)
      controller.abort(coreError('BP_ABORTED', { details: { name }, message: 'Interrupted.' }))
    })
  }
  // A reader that has gone away (`backplane events | head -1`) is no failure of ours, and nobody to go on for.
  stdout.on('error', () => controller.abort(coreError('BP_ABORTED', { details: { name: 'EPIPE' } })))
  stderr.on('error', () => {})
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0'
  return {
    out: (text) => void stdout.write(text),
    ...(stdout.isTTY ? {} : { outBytes: (bytes: Uint8Array) => void stdout.write(bytes) }),
    err: (text) => void stderr.write(text),
    errIsTerminal: stderr.isTTY === true,
    colors: !env.NO_COLOR && (forced || stderr.isTTY === true),
    env,
    ...known,
    cwd: process.cwd(),
    signal: controller.signal,
  }
}
