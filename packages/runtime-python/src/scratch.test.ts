import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ScratchFolders, sweepScratch } from './scratch.ts'

test('folders of hosts that are gone are removed, and no others', async () => {
  const own = await new ScratchFolders().make()
  const folder = mkdtempSync(join(tmpdir(), 'scratch-'))
  onTestFinished(() => {
    for (const path of [own, folder]) rmSync(path, { recursive: true })
  })
  const [, , namespace, pid, start] = basename(own).split('-')
  const make = (name: string) => {
    mkdirSync(join(folder, name, 'within'), { recursive: true })
    return name
  }
  // More than any system's largest id.
  const gone = make(`backplane-plugin-${namespace}-4194305-${start}-abcdef`)
  const kept = [
    make(`backplane-plugin-${namespace}-${pid}-${start}-abcdef`),
    make(`backplane-plugin-${Number(namespace) + 1}-4194305-1-abcdef`),
    make(`backplane-plugin-4194305-abcdef`),
    make(`another-${namespace}-4194305-1-abcdef`),
  ]
  const link = `backplane-plugin-${namespace}-4194305-2-abcdef`
  symlinkSync(make('aim'), join(folder, link))
  const reused = make(`backplane-plugin-${namespace}-${pid}-1-abcdef`)
  await sweepScratch(folder)
  expect(existsSync(join(folder, gone))).toBe(false)
  // An id that another process has by now; only Linux tells them apart.
  expect(existsSync(join(folder, reused))).toBe(process.platform !== 'linux')
  for (const name of [...kept, link, join('aim', 'within')]) expect(existsSync(join(folder, name))).toBe(true)
  await sweepScratch(join(folder, 'not there'))
})
