/**
 * Holds what READMEs say to be true: every `ts` snippet is type checked and run on source, from an empty folder.
 * In `docs/`, only fences `ts run` are taken.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missingOutput, snippetsOf } from './snippets.ts'
import { filesUnder, packages, repository, root } from './workspace.ts'

const execute = promisify(execFile)
const all = packages()

const readmes = ['README.md', ...all.map(({ id }) => `packages/${id}/README.md`)]
const guides = filesUnder(join(root, 'docs')).filter((path) => path.endsWith('.md'))
const snippets = [
  ...readmes.flatMap(placed),
  ...guides.flatMap((path) => placed(join('docs', path))).filter(({ info }) => info.startsWith('run')),
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

describe.each(all.map(({ id }) => id))('whoever has packages/%s alone', (id) => {
  const path = `packages/${id}/README.md`
  const text = readFileSync(join(root, path), 'utf8')

  // What npm or pnpm hoists is there by chance; in a strict layout it is not.
  test('has installed what the snippets import', () => {
    const installed = [...text.matchAll(/^npm install (.*)$/gm)].flatMap((line) => line[1]!.split(' ').map(bareName))
    const imported = snippetsOf(path)
      .flatMap(({ code }) => [...code.matchAll(/(?:from|import\()\s*'([^'.][^']*)'/g)].map((match) => match[1]!))
      .filter((name) => !name.startsWith('node:'))
      .map(bareName)
    expect([...new Set(imported)].filter((name) => !installed.includes(name))).toEqual([])
  })

  test('finds every link: none is relative, and ours lead to something', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1]!)
      .filter((link) => !link.startsWith('#'))
    expect(links.filter((link) => !link.startsWith('https://'))).toEqual([])
    const ours = links.flatMap((link) => new RegExp(`^${repository}/(?:blob|tree)/main/([^#]*)`).exec(link)?.[1] ?? [])
    expect(ours.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })
})

/** The package of a specifier or of what an install line names: `@a/b@1.2/c` is of `@a/b`. */
function bareName(specifier: string): string {
  return /^(@[^/]+\/)?[^/@]+/.exec(specifier)?.[0] ?? specifier
}

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

  test('have no type errors', { timeout: 180_000 }, () => {
    expect(typeErrors()).toEqual([])
  })

  const runnable = snippets.filter(({ runs }) => runs)
  test.concurrent.for(runnable)('$place runs', { timeout: 90_000 }, async ({ file, code, place }) => {
    const cwd = mkdtempSync(join(tmpdir(), 'backplane-snippet-'))
    try {
      const args = ['--conditions=@backplane/source', '--disable-warning=ExperimentalWarning', file]
      const { stdout } = await execute(process.execPath, args, { cwd, timeout: 60_000 })
      const missing = missingOutput(code, stdout)
      if (missing) throw new Error(`${place} should print '${missing}' next, and printed:\n${stdout}`)
    } finally {
      rmSync(cwd, { recursive: true, force: true })
    }
  })
})

/**
 * The snippets of a file, each with the place it stands while the tests run: beside its README, so that imports
 * resolve.
 */
function placed(path: string) {
  const folder = join(root, dirname(path), `.snippets-${process.pid}`)
  return snippetsOf(path).map((snippet, index) => ({
    ...snippet,
    file: join(folder, `${path.replaceAll(/\W/g, '-')}-${index + 1}.ts`),
  }))
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
