/** Holds that the types which examples generate from protocol descriptions (`npm run generate` there) are current. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { filesUnder, type Manifest, readJson, root } from './workspace.ts'

const examples = readdirSync(join(root, 'examples'))
  .map((name) => join(root, 'examples', name))
  .filter((folder) => existsSync(join(folder, 'generated')))

test.each(examples)(
  '%s/generated is what its description says',
  (folder) => {
    const out = mkdtempSync(join(tmpdir(), 'generated-'))
    onTestFinished(() => rmSync(out, { recursive: true }))
    const { scripts } = readJson<Manifest>(join(folder, 'package.json'))
    const [command, ...args] = scripts!.generate!.replace('--outDir=generated', `--outDir=${out}`).split(' ')
    execFileSync(process.execPath, [join(root, 'node_modules', '.bin', command!), ...args], { cwd: folder })

    const texts = (from: string) =>
      Object.fromEntries(filesUnder(from).map((path) => [path, readFileSync(join(from, path), 'utf8')]))
    expect(texts(join(folder, 'generated'))).toEqual(texts(out))
  },
  60_000,
)
