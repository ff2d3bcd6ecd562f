import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

/** Writes a wheel of one module into a folder; gives its SHA-256. */
export async function makeWheel(folder: string, name: string, version: string, code: string): Promise<string> {
  const info = `${name}-${version}.dist-info`
  const files: [string, string][] = [
    [`${name}.py`, code],
    [`${info}/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`],
    [`${info}/WHEEL`, 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'],
  ]
  files.push([`${info}/RECORD`, [...files.map(([path]) => `${path},,`), `${info}/RECORD,,`].join('\n')])
  const wheel = zip(files)
  await writeFile(join(folder, `${name}-${version}-py3-none-any.whl`), wheel)
  return createHash('sha256').update(wheel).digest('hex')
}

/** A zip archive whose files are stored as they are. */
function zip(files: readonly (readonly [string, string])[]): Buffer {
  const bodies: Buffer[] = []
  const entries: Buffer[] = []
  let at = 0
  for (const [path, text] of files) {
    const name = Buffer.from(path)
    const data = Buffer.from(text)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(0x21, 8)
    common.writeUInt32LE(crc32(data), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(data.length, 18)
    common.writeUInt16LE(name.length, 22)
    bodies.push(Buffer.from('PK\x03\x04'), common, name, data)
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(at, 10)
    entries.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, rest, name)
    at += 4 + common.length + name.length + data.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...bodies, directory, Buffer.from('PK\x05\x06'), end])
}
