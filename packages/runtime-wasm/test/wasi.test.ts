/** WASI preview 1: time, files by paths, and how programs begin and end. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type ExtismPluginInit, extismPlugin } from '../src/extism/plugin.ts'
import { fullLimits } from '../src/sandbox/limits.ts'
import { Meter } from '../src/sandbox/meter.ts'
import { errno } from '../src/wasi/errno.ts'
import type { Mount } from '../src/wasi/files.ts'
import { Wasi, type WasiInit } from '../src/wasi/wasi.ts'
import type { WasmMemory } from '../src/webassembly.ts'
import { text } from './extism.ts'
import { wat } from './wat.ts'

const failing = (code: string) => expect.objectContaining({ code })
const modes: readonly ExtismPluginInit[] = [{ worker: true }, {}, { waits: false }]

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'backplane-wasi-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Calls WASI's functions as a guest does: texts are put into its memory, each as its place and its length. */
function system(given: Partial<WasiInit> = {}) {
  const buffer = new ArrayBuffer(65_536)
  const memory = { buffer, grow: () => -1 } satisfies WasmMemory
  const init: WasiInit = {
    args: ['guest'],
    env: {},
    mounts: [],
    stdin: new Uint8Array(),
    output: () => {},
    deterministic: false,
    ...given,
  }
  const wasi = new Wasi(init, new Meter(fullLimits()))
  onTestFinished(() => wasi.close())
  const functions = wasi.imports(() => memory) as unknown as Record<string, (...args: unknown[]) => number>
  const view = new DataView(buffer)
  const call = (name: string, ...args: (number | bigint | string)[]): number => {
    let at = 32_768
    const flat = args.flatMap((arg) => {
      if (typeof arg !== 'string') return [arg]
      const bytes = new TextEncoder().encode(arg)
      new Uint8Array(buffer, at, bytes.length).set(bytes)
      at += bytes.length
      return [at - bytes.length, bytes.length]
    })
    return (functions[name] as (...args: unknown[]) => number)(...flat)
  }
  const open = (path: string, { fd = 3, follow = 1, flags = 0, rights = 2n } = {}) =>
    call('path_open', fd, follow, path, flags, rights, 0n, 0, 0)
  return { call, open, view, bytes: (at: number, length: number) => new Uint8Array(buffer, at, length) }
}

const mount = (hostPath: string, readOnly = false, guestPath = '/'): Mount => ({ hostPath, guestPath, readOnly })

test('files are renamed and linked, within what is granted', () => {
  const [dir, fixed] = [folder(), folder()]
  writeFileSync(join(dir, 'a'), 'one')
  writeFileSync(join(fixed, 'kept'), 'kept')
  mkdirSync(join(dir, 'in'))
  const { call } = system({ mounts: [mount(dir), mount(fixed, true, '/fixed')] })
  expect(call('path_rename', 3, 'a', 3, 'in/b')).toBe(errno.success)
  expect(readFileSync(join(dir, 'in/b'), 'utf8')).toBe('one')
  expect(call('path_link', 3, 0, 'in/b', 3, 'c')).toBe(errno.success)
  writeFileSync(join(dir, 'c'), 'two')
  expect(readFileSync(join(dir, 'in/b'), 'utf8')).toBe('two')
  expect(call('path_link', 3, 1, 'in/b', 3, 'd')).toBe(errno.inval)
  expect(call('path_rename', 3, 'nothing', 3, 'd')).toBe(errno.noent)
  expect(call('path_rename', 3, 'c', 3, 'd/')).toBe(errno.notdir)
  expect(call('path_rename', 3, 'c', 3, '../d')).toBe(errno.perm)
  expect(call('path_rename', 3, '/c', 3, 'd')).toBe(errno.perm)
  // Neither from, nor to, what is there for reading: a second name of its file could be written by.
  expect(call('path_rename', 4, 'kept', 3, 'd')).toBe(errno.rofs)
  expect(call('path_link', 4, 0, 'kept', 3, 'd')).toBe(errno.rofs)
  expect(call('path_rename', 3, 'c', 4, 'd')).toBe(errno.rofs)
  expect(call('path_symlink', 'c', 4, 'd')).toBe(errno.rofs)
})

test('symbolic links are made, read and followed, and lead nowhere outside', () => {
  const [dir, outside] = [folder(), folder()]
  writeFileSync(join(dir, 'file'), 'inside')
  writeFileSync(join(outside, 'secret'), 'outside')
  mkdirSync(join(dir, 'in'))
  symlinkSync(outside, join(dir, 'absolute'))
  symlinkSync('loop', join(dir, 'loop'))
  symlinkSync(`../${outside.split('/').pop()}`, join(dir, 'relative'))
  const { call, open, view, bytes } = system({ mounts: [mount(dir)] })
  expect(call('path_symlink', '../file', 3, 'in/way')).toBe(errno.success)
  expect(readlinkSync(join(dir, 'in/way'))).toBe('../file')
  expect(call('path_readlink', 3, 'in/way', 100, 64, 200)).toBe(errno.success)
  expect(text(bytes(100, view.getUint32(200, true)))).toBe('../file')
  // Cut to what there is room for.
  expect(call('path_readlink', 3, 'in/way', 100, 3, 200)).toBe(errno.success)
  expect(view.getUint32(200, true)).toBe(3)
  expect(call('path_readlink', 3, 'file', 100, 64, 200)).toBe(errno.inval)
  expect(open('in/way')).toBe(errno.success)
  expect(open('in/way', { follow: 0 })).toBe(errno.loop)
  expect(open('loop')).toBe(errno.loop)
  for (const path of ['absolute/secret', 'relative/secret', '../x', 'in/../../x', '/etc/passwd'])
    expect([path, open(path)]).toEqual([path, errno.perm])
  for (const target of ['/etc/passwd', '../x', 'in/../../x'])
    expect([target, call('path_symlink', target, 3, 'new')]).toEqual([target, errno.perm])
  expect(open('file\0')).toBe(errno.inval)
  expect(open('file/')).toBe(errno.notdir)
  expect(open('file/x')).toBe(errno.notdir)
  expect(open('')).toBe(errno.noent)
  // A link itself, and what it names.
  expect(call('path_filestat_get', 3, 0, 'in/way', 0)).toBe(errno.success)
  expect(view.getUint8(16)).toBe(7)
  expect(call('path_filestat_get', 3, 1, 'in/way', 0)).toBe(errno.success)
  expect([view.getUint8(16), view.getBigUint64(32, true)]).toEqual([4, 6n])
  // Unlinking takes the link, not what it names.
  expect(call('path_unlink_file', 3, 'in/way')).toBe(errno.success)
  expect(existsSync(join(dir, 'file'))).toBe(true)
})

test('a descriptor of a folder grants that folder alone, and is gone when it is closed', () => {
  const dir = folder()
  writeFileSync(join(dir, 'file'), 'abc')
  mkdirSync(join(dir, 'in'))
  const { open, call, view } = system({ mounts: [mount(dir)] })
  expect(open('in', { flags: 2 })).toBe(errno.success)
  const fd = view.getUint32(0, true)
  expect(open('../file', { fd })).toBe(errno.perm)
  expect(open('in/../file')).toBe(errno.success)
  expect(call('fd_seek', fd, 0n, 1, 0)).toBe(errno.badf)
  expect(call('fd_close', 3)).toBe(errno.success)
  expect(call('fd_prestat_get', 3, 0)).toBe(errno.badf)
  expect(open('in')).toBe(errno.badf)
})

test('a folder that has become a link out of its mount is not followed', () => {
  const [dir, outside] = [folder(), folder()]
  writeFileSync(join(outside, 'secret'), 'outside')
  mkdirSync(join(dir, 'in'))
  const { open, call, view } = system({ mounts: [mount(dir)] })
  expect(open('in', { flags: 2 })).toBe(errno.success)
  const fd = view.getUint32(0, true)
  rmSync(join(dir, 'in'), { recursive: true })
  symlinkSync(outside, join(dir, 'in'))
  expect(open('secret', { fd })).toBe(errno.perm)
  expect(call('fd_readdir', fd, 100, 1000, 0n, 0)).toBe(errno.perm)
})

test('a folder lists itself first, with numbers and kinds; times and sizes are set', () => {
  const dir = folder()
  writeFileSync(join(dir, 'file'), 'abc')
  symlinkSync('file', join(dir, 'way'))
  linkSync(join(dir, 'file'), join(dir, 'twin'))
  const { call, open, view, bytes } = system({ mounts: [mount(dir)] })
  expect(call('fd_readdir', 3, 1000, 4000, 0n, 0)).toBe(errno.success)
  const found = new Map<string, { kind: number; ino: bigint }>()
  for (let at = 1000; at < 1000 + view.getUint32(0, true); ) {
    const length = view.getUint32(at + 16, true)
    found.set(text(bytes(at + 24, length)), { kind: view.getUint8(at + 20), ino: view.getBigUint64(at + 8, true) })
    at += 24 + length
  }
  expect([...found].map(([name, { kind }]) => [name, kind])).toEqual(
    expect.arrayContaining([
      ['.', 3],
      ['..', 3],
      ['file', 4],
      ['way', 7],
    ]),
  )
  expect(found.get('file')?.ino).toBe(found.get('twin')?.ino)
  expect(call('path_filestat_set_times', 3, 0, 'file', 5_000_000_000n, 7_000_000_000n, 1 | 4)).toBe(errno.success)
  expect(call('path_filestat_get', 3, 0, 'file', 0)).toBe(errno.success)
  expect([8, 40, 48].map((at) => view.getBigUint64(at, true))).toEqual([
    found.get('file')?.ino,
    5_000_000_000n,
    7_000_000_000n,
  ])
  expect(call('path_filestat_set_times', 3, 0, 'file', 0n, 0n, 3)).toBe(errno.inval)
  expect(open('file', { rights: 66n })).toBe(errno.success)
  const fd = view.getUint32(0, true)
  expect(call('fd_filestat_set_times', fd, 0n, 9_000_000_000n, 4)).toBe(errno.success)
  expect(call('fd_filestat_get', fd, 0)).toBe(errno.success)
  expect(view.getBigUint64(48, true)).toBe(9_000_000_000n)
  expect(call('fd_allocate', fd, 0n, 10n)).toBe(errno.notsup)
  expect(call('sock_recv', fd, 0, 0, 0, 0, 0)).toBe(errno.notsock)
  expect(call('sock_shutdown', 99, 0)).toBe(errno.badf)
  expect(open('twin')).toBe(errno.success)
  const twin = view.getUint32(0, true)
  expect(call('fd_renumber', twin, fd)).toBe(errno.success)
  expect(call('fd_tell', twin, 0)).toBe(errno.badf)
  expect(call('fd_tell', fd, 0)).toBe(errno.success)
})

/** Puts a subscription at a place, and polls it. */
function poll(
  { call, view }: ReturnType<typeof system>,
  all: readonly (readonly [type: number, of: number, ns?: bigint, flags?: number])[],
) {
  for (const [index, [type, of, ns = 0n, flags = 0]] of all.entries()) {
    const at = 1000 + 48 * index
    view.setBigUint64(at, BigInt(index + 1), true)
    view.setUint8(at + 8, type)
    view.setUint32(at + 16, of, true)
    view.setBigUint64(at + 24, ns, true)
    view.setUint16(at + 40, flags, true)
  }
  const number = call('poll_oneoff', 1000, 4000, all.length, 0)
  if (number !== errno.success) return number
  return Array.from({ length: view.getUint32(0, true) }, (_, index) => {
    const at = 4000 + 32 * index
    return {
      of: Number(view.getBigUint64(at, true)),
      errno: view.getUint16(at + 8, true),
      bytes: Number(view.getBigUint64(at + 16, true)),
    }
  })
}

test('poll_oneoff gives what is ready at once, or the clock that is over first', () => {
  const dir = folder()
  writeFileSync(join(dir, 'file'), 'abc')
  const guest = system({ mounts: [mount(dir)], stdin: new Uint8Array(5) })
  const hour = 3_600_000_000_000n
  expect(poll(guest, [])).toBe(errno.inval)
  expect(
    poll(guest, [
      [1, 0],
      [0, 1, hour],
    ]),
  ).toEqual([{ of: 1, errno: 0, bytes: 5 }])
  expect(
    poll(guest, [
      [2, 1],
      [1, 1],
      [1, 99],
    ]),
  ).toMatchObject([{ errno: 0 }, { errno: errno.badf }, { errno: errno.badf }])
  guest.open('file')
  expect(poll(guest, [[1, guest.view.getUint32(0, true)]])).toEqual([{ of: 1, errno: 0, bytes: 3 }])
  // A moment that is past, and a clock that there is not.
  expect(
    poll(guest, [
      [0, 0, 1n, 1],
      [0, 1, hour],
    ]),
  ).toEqual([{ of: 1, errno: 0, bytes: 0 }])
  expect(poll(guest, [[0, 9, hour]])).toEqual([{ of: 1, errno: errno.inval, bytes: 0 }])
  const since = performance.now()
  expect(
    poll(guest, [
      [0, 1, hour],
      [0, 1, 30_000_000n],
    ]),
  ).toEqual([{ of: 2, errno: 0, bytes: 0 }])
  expect(performance.now() - since).toBeGreaterThanOrEqual(30)
  const soon = BigInt(Date.now() + 20) * 1_000_000n
  expect(poll(guest, [[0, 0, soon, 1]])).toEqual([{ of: 1, errno: 0, bytes: 0 }])
  expect(Date.now()).toBeGreaterThanOrEqual(Number(soon / 1_000_000n))
})

test('where time is the same in each run, sleeping takes none of it', () => {
  const guest = system({ deterministic: true })
  guest.call('clock_time_get', 1, 0n, 0)
  const before = guest.view.getBigUint64(0, true)
  expect(poll(guest, [[0, 1, 10n ** 15n]])).toMatchObject([{ of: 1 }])
  guest.call('clock_time_get', 1, 0n, 0)
  expect(guest.view.getBigUint64(0, true) - before).toBeGreaterThanOrEqual(10n ** 15n)
})

const sleeper = wat(`(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $sleep (param $ns i64) (result i32)
    (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (local.get $ns))
    (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
  (func (export "short") (result i32) (call $sleep (i64.const 20000000)))
  (func (export "long") (result i32) (call $sleep (i64.const 3600000000000))))`)

test.each(modes)('a sleep lasts as long as it says, and no longer than its call may (%o)', async (mode) => {
  await using plugin = await extismPlugin(sleeper, { ...mode, wasi: true })
  const since = performance.now()
  await plugin.call('short')
  expect(performance.now() - since).toBeGreaterThanOrEqual(19)
  await expect(plugin.call('long', '', { timeoutMs: 50 })).rejects.toEqual(failing('BP_TIMEOUT'))
  await plugin.call('short')
})

test('a sleep ends with its signal, and in the foreground lets the thread go on', async () => {
  for (const mode of [{ worker: true }, {}]) {
    await using plugin = await extismPlugin(sleeper, { ...mode, wasi: true })
    const stop = new AbortController()
    const call = plugin.call('long', '', { signal: stop.signal })
    setTimeout(() => stop.abort(), 50)
    await expect(call).rejects.toEqual(failing('BP_ABORTED'))
    await plugin.call('short')
  }
})

const program = (body: string) =>
  wat(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (func (export "_start") ${body}))`)

test.each(modes)('a program finds its name, and exits: with 0 it has done what it should (%o)', async (mode) => {
  const lines: string[] = []
  const say = (line: string) => void lines.push(line)
  const logger = { debug: say, info: say, warn: say, error: say, child: () => logger } as never
  const named =
    program(`(drop (call $sizes (i32.const 0) (i32.const 4))) (drop (call $args (i32.const 64) (i32.const 128)))
    (i32.store (i32.const 16) (i32.load (i32.const 64))) (i32.store (i32.const 20) (i32.sub (i32.load (i32.const 4)) (i32.const 1)))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))) (call $exit (i32.const 0))`)
  await using plugin = await extismPlugin(named, { ...mode, id: 'greeter', wasi: true, logger })
  await plugin.call('_start')
  await plugin.call('_start')
  // The last line has no end: it comes when the program has ended.
  expect(lines).toEqual(['greeter', 'greeter'])
  await using failed = await extismPlugin(program('(call $exit (i32.const 3))'), { ...mode, wasi: true })
  await expect(failed.call('_start')).rejects.toMatchObject({ code: 'BP_WASM_EXITED', details: { exitCode: 3 } })
})
