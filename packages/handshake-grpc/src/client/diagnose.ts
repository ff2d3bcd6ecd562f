import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

const elfMachines: Readonly<Record<number, string>> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64' }
const peMachines: Readonly<Record<number, string>> = { 332: 'ia32', 34404: 'x64', 43620: 'arm64' }

/** The file that a command names: itself when it has a folder, else the first of that name on the PATH. */
export function resolveCommand(command: string, path: string | undefined): string {
  if (isAbsolute(command) || command.includes('/') || command.includes('\\')) return command
  for (const folder of (path ?? '').split(delimiter)) {
    const candidate = join(folder === '' ? '.' : folder, command)
    try {
      if (statSync(candidate).isFile()) return candidate
    } catch {
      // Not in this folder.
    }
  }
  return command
}

/** Says what is notable about a plugin's file when its first line was not a handshake. */
export function diagnose(command: string, path: string | undefined): string {
  const file = resolveCommand(command, path)
  const notes = [`  Path: ${file}`]
  try {
    const facts = statSync(file)
    notes.push(`  Mode: ${(facts.mode & 0o7777).toString(8).padStart(4, '0')}`)
    const user = process.getuid?.()
    notes.push(`  Owner: ${facts.uid}${user === undefined ? '' : ` (current: ${user})`}`)
    const group = process.getgid?.()
    notes.push(`  Group: ${facts.gid}${group === undefined ? '' : ` (current: ${group})`}`)
    const built = architecture(file)
    if (built) notes.push(`  ${built.kind} architecture: ${built.machine} (current: ${process.arch})`)
  } catch {
    notes.push('  The file cannot be read.')
  }
  return [
    'This usually means',
    '  the plugin was not compiled for this architecture,',
    '  the plugin is missing dynamic-link libraries necessary to run,',
    '  the plugin is not executable by this process due to file permissions, or',
    '  the plugin failed to negotiate the initial go-plugin protocol handshake',
    '',
    'Additional notes about plugin:',
    ...notes,
  ].join('\n')
}

function architecture(file: string): { readonly kind: string; readonly machine: string } | undefined {
  const head = Buffer.alloc(1024)
  const handle = openSync(file, 'r')
  try {
    readSync(handle, head, 0, head.length, 0)
  } finally {
    closeSync(handle)
  }
  if (head.readUInt32BE(0) === 0x7f454c46) {
    const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18)
    return { kind: 'ELF', machine: elfMachines[machine] ?? `machine ${machine}` }
  }
  if (head.readUInt32LE(0) === 0xfeedfacf) {
    const cpu = head.readUInt32LE(4)
    return { kind: 'Mach-O', machine: cpu === 0x0100000c ? 'arm64' : cpu === 0x01000007 ? 'x64' : `cpu ${cpu}` }
  }
  if (head.toString('latin1', 0, 2) === 'MZ') {
    const at = head.readUInt32LE(0x3c)
    if (at > head.length - 6) return undefined
    const machine = head.readUInt16LE(at + 4)
    return { kind: 'PE', machine: peMachines[machine] ?? `machine ${machine}` }
  }
  return undefined
}
