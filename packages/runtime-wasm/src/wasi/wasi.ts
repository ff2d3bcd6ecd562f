import { randomFillSync } from 'node:crypto'
import type { Meter } from '../sandbox/meter.ts'
import { type WasmFunction, type WasmMemory, wasm } from '../webassembly.ts'
import { errno, errnoOf, WasiError } from './errno.ts'
import { FileTable } from './file-table.ts'
import type { Mount } from './files.ts'
import { GuestMemory } from './guest-memory.ts'
import { pollOneoff } from './poll.ts'

/** What WASI preview 1 grants. Nothing of the host is seen but what stands here. */
export interface WasiInit {
  /** The command line; its first word is the program's name. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly mounts: readonly Mount[]
  /** What the guest finds on its standard input. */
  readonly stdin: Uint8Array
  /** Takes each line of standard output and error. */
  output(stream: 'stdout' | 'stderr', line: string): void
  /** Takes standard output as bytes, in place of its lines. */
  write?(bytes: Uint8Array): void
  /** Makes time and random numbers the same in each run. */
  readonly deterministic: boolean
}

/** How a program ends itself (`proc_exit`). */
export class ProgramExit extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`exit with code ${exitCode}`)
    this.exitCode = exitCode
  }
}

// Every function of preview 1; those without an entry below answer `nosys`.
const names =
  'args_get args_sizes_get environ_get environ_sizes_get clock_res_get clock_time_get fd_advise fd_allocate fd_close fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size fd_filestat_set_times fd_pread fd_prestat_get fd_prestat_dir_name fd_pwrite fd_read fd_readdir fd_renumber fd_seek fd_sync fd_tell fd_write path_create_directory path_filestat_get path_filestat_set_times path_link path_open path_readlink path_remove_directory path_rename path_symlink path_unlink_file poll_oneoff proc_exit proc_raise random_get sched_yield sock_accept sock_recv sock_send sock_shutdown'.split(
    ' ',
  )

/** Lets time pass for a guest that is suspended meanwhile, in milliseconds. Rejects when its call must end before. */
export type SleepsHow = (ms: number) => Promise<void>

/**
 * WASI preview 1 for one instance: deny by default, never more than its init grants. Not node:wasi, which is no
 * sandbox.
 */
export class Wasi {
  readonly #init: WasiInit
  readonly #meter: Meter
  readonly #files: FileTable
  #clock = 0n
  #seed = 0x9e3779b9

  readonly #sleeps: SleepsHow | undefined

  /** @param sleeps how a guest sleeps where its thread must not stand still; without it, the thread does */
  constructor(init: WasiInit, meter: Meter, sleeps?: SleepsHow) {
    this.#init = init
    this.#meter = meter
    this.#sleeps = sleeps
    this.#files = new FileTable(init)
  }

  /** Makes the functions over one module's memory. */
  imports(memory: () => WasmMemory | undefined): Record<string, WasmFunction> {
    const guest = new GuestMemory(memory)
    const own: Record<string, (...args: never[]) => unknown> = {
      ...this.#process(guest),
      ...this.#files.functions(guest),
    }
    const made = Object.fromEntries(names.map((name) => [name, this.#guarded(own[name])]))
    const { Suspending } = wasm
    if (this.#sleeps && Suspending) made.poll_oneoff = new Suspending(made.poll_oneoff as WasmFunction) as never
    return made
  }

  /** Closes what the guest has left open. */
  close(): void {
    this.#files.close()
  }

  #guarded(run: ((...args: never[]) => unknown) | undefined): WasmFunction {
    if (!run) return () => errno.nosys
    const told = (number: unknown) => (typeof number === 'number' ? number : errno.success)
    const refused = (thrown: unknown) => {
      const number = thrown instanceof ProgramExit ? undefined : errnoOf(thrown)
      if (number === undefined) throw thrown
      return number
    }
    return (...args) => {
      this.#meter.hostCall()
      try {
        const done = run(...args)
        return done instanceof Promise ? done.then(told, refused) : told(done)
      } catch (thrown) {
        return refused(thrown)
      }
    }
  }

  #process(guest: GuestMemory): Record<string, (...args: never[]) => unknown> {
    const { args, env } = this.#init
    const encoder = new TextEncoder()
    const texts = (list: readonly string[]) => list.map((text) => encoder.encode(`${text}\0`))
    const given = texts(args)
    const environment = texts(Object.entries(env).map(([name, value]) => `${name}=${value}`))
    const sizes = (list: readonly Uint8Array[]) => (count: number, bytes: number) => {
      guest.u32(count, list.length)
      guest.u32(
        bytes,
        list.reduce((sum, text) => sum + text.length, 0),
      )
    }
    const put = (list: readonly Uint8Array[]) => (pointers: number, buffer: number) => {
      let at = buffer >>> 0
      for (const [index, text] of list.entries()) {
        guest.u32((pointers >>> 0) + 4 * index, at)
        guest.bytes(at, text.length).set(text)
        at += text.length
      }
    }
    return {
      args_sizes_get: sizes(given),
      args_get: put(given),
      environ_sizes_get: sizes(environment),
      environ_get: put(environment),
      clock_res_get: (id: number, at: number) => {
        this.#time(id)
        guest.u64(at, 1000n)
      },
      clock_time_get: (id: number, _precision: bigint, at: number) => guest.u64(at, this.#time(id)),
      random_get: (at: number, length: number) => this.#random(guest.bytes(at, length)),
      sched_yield: () => errno.success,
      poll_oneoff: pollOneoff(guest, {
        files: this.#files,
        now: (clock) => this.#time(clock),
        sleep: (ns) => this.#sleep(ns),
      }),
      proc_exit: (code: number) => {
        throw new ProgramExit(code >>> 0)
      },
    }
  }

  /** Where time is the same in each run, it passes at once. */
  #sleep(ns: bigint): void | Promise<void> {
    if (this.#init.deterministic) {
      this.#clock += ns
      return
    }
    // Never less than was asked for.
    const ms = Math.ceil(Number(ns) / 1e6)
    if (this.#sleeps) return this.#sleeps(ms)
    this.#meter.sleep(ms)
  }

  #time(id: number): bigint {
    if (id < 0 || id > 3) throw new WasiError(errno.inval)
    if (this.#init.deterministic) {
      this.#clock += 1_000_000n
      return this.#clock
    }
    return BigInt(Math.round((id === 0 ? Date.now() : performance.now()) * 1000)) * 1000n
  }

  #random(into: Uint8Array): void {
    if (!this.#init.deterministic) {
      randomFillSync(into)
      return
    }
    // xorshift32 (Marsaglia 2003): the same in each run is all that is wanted of it.
    for (let i = 0; i < into.length; i++) {
      this.#seed ^= this.#seed << 13
      this.#seed ^= this.#seed >>> 17
      this.#seed ^= this.#seed << 5
      into[i] = this.#seed
    }
  }
}
