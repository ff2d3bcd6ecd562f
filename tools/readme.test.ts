/**
 * Holds what READMEs say to be true: every `ts` snippet is type checked and run on source, from an empty folder.
 *
 * - A line `... // prints: TEXT` is checked: the output holds those texts in that order.
 * - A fence `ts no-run: REASON` is type checked alone. In `docs/`, only fences `ts run` are taken.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesUnder, packages, root } from './workspace.ts'

const execute = promisify(execFile)
const all = packages()

interface Snippet {
  /** The README's path and the line that the snippet starts at. */
  readonly place: string
  readonly code: string
  /** What follows `ts` on the fence. */
  readonly info: string
  /** Where it stands while the tests run: beside its README, so that imports resolve as a reader's would. */
  readonly file: string
}

const readmes = ['README.md', ...all.map(({ id }) => `packages/${id}/README.md`)]
const guides = filesUnder(join(root, 'docs')).filter((path) => path.endsWith('.md'))
const snippets = [
  ...readmes.flatMap(snippetsOf),
  ...guides.flatMap((path) => snippetsOf(join('docs', path))).filter(({ info }) => info.startsWith('run')),
]

describe.each(all.map((pkg) => [pkg.id, pkg] as const))('packages/%s/README.md', (_, pkg) => {
  const path = join(pkg.folder, 'README.md')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''

  test('has its sections in order', () => {
    const sections = [...text.matchAll(/^## (.*)$/gm)].map((match) => match[1]!)
    const fixed = ['Install', 'Example', 'Options', 'API']
    expect(text.split('\n')[0]).toBe(`# ${pkg.manifest.name}`)
    expect(sections.filter((section) => fixed.includes(section))).toEqual(fixed)
  })

  test('opens with the words of the package doc comment', () => {
    const opening = text.split(/^# .*$/m)[1]?.split(/^## /m)[0] ?? ''
    expect(flow(packageComment(join(pkg.folder, 'src/index.ts')))).toBe(flow(opening))
  })
})

describe('the snippets', () => {
  beforeAll(() => {
    for (const { file, code } of snippets) {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, code)
    }
  })
  afterAll(() => {
    for (const { file } of snippets) rmSync(dirname(file), { recursive: true, force: true })
  })

  test('say why, where they are not run', () => {
    expect(snippets.filter(({ info }) => !/^(run|no-run: .{5,})?$/.test(info)).map(({ place }) => place)).toEqual([])
  })

  test('have no type errors', { timeout: 60_000 }, () => {
    expect(typeErrors()).toEqual([])
  })

  const runnable = snippets.filter(({ info }) => !info.startsWith('no-run'))
  test.concurrent.for(runnable)('$place runs', { timeout: 30_000 }, async ({ file, code, place }) => {
    const cwd = mkdtempSync(join(tmpdir(), 'backplane-snippet-'))
    try {
      const args = ['--conditions=@backplane/source', '--disable-warning=ExperimentalWarning', file]
      const { stdout } = await execute(process.execPath, args, { cwd, timeout: 20_000 })
      let from = 0
      for (const [, wanted] of code.matchAll(/\/\/ prints: (.*)$/gm)) {
        const at = stdout.indexOf(wanted!, from)
        if (at < 0) throw new Error(`${place} should print '${wanted}' next, and printed:\n${stdout}`)
        from = at + wanted!.length
      }
    } finally {
      rmSync(cwd, { recursive: true, force: true })
    }
  })
})

function snippetsOf(path: string): Snippet[] {
  const full = join(root, path)
  if (!existsSync(full)) return []
  const text = readFileSync(full, 'utf8')
  const fences = [...text.matchAll(/^```ts\b *(.*)\n([\s\S]*?)^```$/gm)]
  return fences.map((match, index) => {
    const line = text.slice(0, match.index).split('\n').length
    const file = join(dirname(full), `.snippets-${process.pid}`, `${path.replaceAll(/\W/g, '-')}-${index + 1}.ts`)
    return { place: `${path}:${line}`, info: match[1]!.trim(), code: match[2]!, file }
  })
}

function typeErrors(): string[] {
  const config = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
  const program = ts.createProgram(
    snippets.map(({ file }) => file),
    { ...options, noUnusedLocals: false },
  )
  return snippets.flatMap(({ file, place }) => {
    const source = program.getSourceFile(file)
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return found.map(({ messageText, start }) => {
      const line = source!.getLineAndCharacterOfPosition(start ?? 0).line + 1
      return `${place}, line ${line} of the snippet: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    })
  })
}

/** The text of the comment that holds `@packageDocumentation`, without the tag. */
function packageComment(file: string): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*?)@packageDocumentation\s*\*\//.exec(text)?.[1] ?? ''
  return comment.replaceAll(/^\s*\* ?/gm, '')
}

/** Text without its line breaks: a comment and a README wrap at different columns. */
function flow(text: string): string {
  return text.trim().split(/\s+/).join(' ')
}
