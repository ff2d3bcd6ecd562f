import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** Where in this process's memory what it was started with stands, as addresses. */
interface Block {
  readonly start: number
  readonly bytes: Buffer
}

/** The C library may hold on to the very bytes of these; they configure it, and hold no secret. */
const ofTheLoader = /^(?:LD_|GLIBC_|MALLOC_)/

/**
 * Takes what this process was started with away from those who look at it from outside: the whole environment, and the
 * user's part of addresses on the command line (`nats://user:password@host`). `process.env` and `process.argv` keep it.
 *
 * Linux shows in `/proc/PID/environ` and `/proc/PID/cmdline` the memory that a program got its environment and
 * arguments in, to every program of the same user (arguments to everybody), as long as it runs; deleting a variable
 * does not change that memory. So each variable is set once more, by which the C library keeps it elsewhere, and the
 * memory is overwritten.
 *
 * Gives whether nothing is left to see: false where the system lets nobody write there. Nothing is done on other
 * systems than Linux, which show no such memory by a file; there it gives true.
 */
export function hideEnvironment(): boolean {
  if (process.platform !== 'linux') return true
  try {
    const [args, environment] = blocks()
    if (!args || !environment) return false
    const shown = withoutAddressees(args.bytes)
    const hidden = movedAway(environment.bytes)
    overwrite([
      { start: args.start, bytes: shown },
      { start: environment.start, bytes: hidden },
    ])
    return readFileSync('/proc/self/environ').equals(hidden)
  } catch {
    return false
  }
}

/** Fields 48 to 51 of `stat` (proc(5)): where arguments and environment begin and end. */
function blocks(): readonly (Block | undefined)[] {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [argStart = 0, argEnd = 0, envStart = 0, envEnd = 0] = fields.slice(45, 49)
  const block = (name: string, start: number, end: number): Block | undefined => {
    const bytes = readFileSync(`/proc/self/${name}`)
    return start > 0 && bytes.length === end - start ? { start, bytes } : undefined
  }
  return [block('cmdline', argStart, argEnd), block('environ', envStart, envEnd)]
}

/** Sets each variable once more, and gives what may stay in its old place: zeros, in the main. */
function movedAway(block: Buffer): Buffer {
  const left = Buffer.from(block)
  for (let at = 0; at < block.length; ) {
    const end = block.indexOf(0, at) < 0 ? block.length : block.indexOf(0, at)
    const equals = block.indexOf('=', at)
    const name = block.toString('utf8', at, equals < 0 || equals > end ? end : equals)
    if (!ofTheLoader.test(name)) {
      const value = process.env[name]
      if (value !== undefined) process.env[name] = value
      left.fill(0, at, end)
    }
    at = end + 1
  }
  return left
}

/** Asterisks in place of who logs in at an address, and with what: as many bytes as before. */
function withoutAddressees(args: Buffer): Buffer {
  const text = args.toString('latin1')
  return Buffer.from(
    text.replace(/(:\/\/)([^/\s@\0]+)(?=@)/g, (_, before: string, who: string) => before + '*'.repeat(who.length)),
    'latin1',
  )
}

function overwrite(blocks: readonly Block[]): void {
  const memory = openSync('/proc/self/mem', 'r+')
  try {
    for (const { start, bytes } of blocks) writeSync(memory, bytes, 0, bytes.length, start)
  } finally {
    closeSync(memory)
  }
}
