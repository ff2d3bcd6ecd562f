import type { CliIo } from '../src/io.ts'

/** A process that is none: what was said is kept. */
export function fakeIo(init: Partial<Omit<CliIo, 'out' | 'err'>> = {}) {
  let out = ''
  let err = ''
  const io: CliIo = {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    errIsTerminal: false,
    colors: false,
    env: {},
    cwd: '/',
    signal: new AbortController().signal,
    ...init,
  }
  return {
    io,
    get out() {
      return out
    },
    get err() {
      return err
    },
  }
}
